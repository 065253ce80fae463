import './base.css';
import './views.css';
import './comparison.css';
