// The start of every page of the console.
import { listenForKeys } from './keys.js';
import { listenForForms } from './forms.js';
import { followDesk } from './live.js';
import { startQueue } from './queue.js';
import { startCase } from './case.js';
import { startEditor } from './editor.js';
import { keepTime } from './time.js';

keepTime();
listenForKeys();
listenForForms();
startQueue();
startCase();
startEditor();
if (document.querySelector('[data-region]')) followDesk();
