"""Monitoring: what endpoints were asked, whether that drifted from training, and what to do."""
