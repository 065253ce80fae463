import './base.css';
import './views.css';
import './comparison.css';
import './endpoint.css';
import './jobs.css';
import './sidebar.css';
import './drift.css';
