import './base.css';
import './views.css';
import './comparison.css';
import './sidebar.css';
