import './base.css';
import './views.css';
import './comparison.css';
import './endpoint.css';
import './sidebar.css';
