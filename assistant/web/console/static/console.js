// The start of every page of the console.
import { listenForKeys } from './keys.js';
import { listenForForms } from './forms.js';
import { followDesk } from './live.js';
import { startQueue } from './queue.js';
import { startCase } from './case.js';
import { startHelp } from './help.js';
import { startEditor } from './editor.js';
import { startLead } from './lead.js';
import { startReview } from './review.js';
import { keepTime } from './time.js';
import { focusFirst } from './base.js';

keepTime();
listenForKeys();
listenForForms();
startQueue();
startCase();
startHelp();
startEditor();
startLead();
startReview();
if (document.querySelector('[data-region]')) followDesk();
if (document.body.dataset.page === 'login') focusFirst('main input');
document.body.dataset.ready = 'yes';
document.dispatchEvent(new Event('ready')); // early.js does what was asked for before
