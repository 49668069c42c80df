/* The one entry: every module listens on the document, so that swapped-in content needs no set-up. */
import { startConfirm } from "./confirm.js";
import { startDialogs } from "./dialogs.js";
import { startDrafts } from "./drafts.js";
import { startForms } from "./forms.js";
import { startHotkeys } from "./hotkeys.js";
import { startIdleTimer } from "./idle-timer.js";
import { startRequests } from "./requests.js";
import { startTheme } from "./theme.js";
import { startTimes } from "./times.js";
import { startToasts } from "./toast.js";
import { startUploads } from "./upload.js";
import { startLiveCharts } from "./uplot-live.js";

startTheme();
startToasts();
startDialogs();
startConfirm();
startForms();
startDrafts();
startIdleTimer();
startHotkeys();
startRequests();
startTimes();
startUploads();
startLiveCharts();
document.documentElement.dataset.ready = "";
