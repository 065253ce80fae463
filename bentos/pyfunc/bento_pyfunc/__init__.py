"""What serves one MLflow pyfunc model over HTTP: codec, predictor, front, documents.

Nothing here imports labline: a Bento is complete in itself.
"""
