// What the pages gain with scripts: news of alerts, local times, copying, a key for the search. Nothing here makes
// mark-up of text: it sets textContent and attributes, and the pages work without it.

const inbox = new Set(["/", "/alerts"]);

function element(name, words, className) {
  const made = document.createElement(name);
  made.textContent = words;
  if (className) made.className = className;
  return made;
}

// News: a line that says how many alerts came since this page was made. The list stays as it is until somebody asks.
function followNews() {
  const notice = document.createElement("div");
  notice.className = "live";
  notice.setAttribute("role", "status");
  document.body.append(notice);
  let newest = document.body.dataset.newest ?? "";
  let source = null;

  function say(words) {
    const link = element("a", "show");
    link.href = inbox.has(location.pathname) ? location.href : "/";
    notice.replaceChildren(element("span", words + " · "), link);
  }

  function open() {
    if (source || document.hidden) return;
    source = new EventSource(newest ? "/live?since=" + encodeURIComponent(newest) : "/live");
    source.addEventListener("alerts", (event) => {
      const count = Number(JSON.parse(event.data).count);
      say(count === 1 ? "1 new alert" : count.toLocaleString("en") + " new alerts");
    });
    source.addEventListener("rebuilt", () => say("The store was rebuilt"));
  }

  function close() {
    source?.close();
    source = null;
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
}

// Local time beside UTC, when somebody points at a time or comes to it by keyboard.
function tellLocalTime(event) {
  const time = event.target.closest?.("time[datetime]");
  if (!time || time.title) return;
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return;
  time.title = at.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" }) + " (your time)";
}

// A button beside each identifier, which copies it whole and exactly.
function addCopyButtons() {
  if (!navigator.clipboard) return;
  for (const code of [...document.querySelectorAll("[data-copy]")].slice(0, 500)) {
    const { copy, exact } = code.dataset;
    const button = element("button", "copy", "copy");
    button.type = "button";
    button.setAttribute("aria-label", "Copy " + copy.slice(0, 80));
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(exact === undefined ? copy : decodeURIComponent(exact));
        button.textContent = "copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "press Ctrl-C";
      }
      setTimeout(() => (button.textContent = "copy"), 1500);
    });
    code.after(button);
  }
}

// `/` or Ctrl-K goes to the search, unless somebody is writing.
function findByKey(event) {
  const isWriting = event.target.closest?.("input, textarea, select, [contenteditable]");
  const asked = (event.key === "/" && !isWriting && !event.ctrlKey && !event.metaKey && !event.altKey)
    || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey));
  const field = asked ? document.getElementById("find") : null;
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
}

for (const kind of ["mouseover", "focusin"]) document.addEventListener(kind, tellLocalTime);
document.addEventListener("keydown", findByKey);
addCopyButtons();
if ("EventSource" in window && document.body.dataset.newest !== undefined) followNews();
