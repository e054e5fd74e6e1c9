// Everything here is an extra: each page works with this file blocked.
// It reads and writes text and attributes, never markup, so that Trusted Types can forbid that.

const root = document.documentElement;
const language = root.lang;

const onClick = (selector, act) =>
  document.addEventListener("click", (event) => {
    const element = event.target.closest(selector);
    if (element) act(element);
  });

// Controls that need script are written hidden; those that cannot work here stay so.
const canCopy = Boolean(navigator.clipboard);
for (const control of document.querySelectorAll("[data-script]")) {
  control.hidden = "copy" in control.dataset && !canCopy;
}

onClick("[data-reveal]", (button) => {
  const field = document.getElementById(button.dataset.reveal);
  const show = field.type === "password";
  field.type = show ? "text" : "password";
  button.setAttribute("aria-pressed", String(show));
  for (const icon of button.querySelectorAll("svg")) icon.toggleAttribute("hidden");
});

const live = document.getElementById("live");
onClick("[data-copy]", async (button) => {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    return; // the browser refused: nothing was copied, so nothing is said
  }
  button.dataset.copied = "";
  live.textContent = button.dataset.said;
  setTimeout(() => {
    delete button.dataset.copied;
    live.textContent = "";
  }, 1600);
});

onClick("[data-select-all]", (all) => {
  for (const each of document.querySelectorAll(`input[form="${all.dataset.selectAll}"]`)) {
    each.checked = all.checked;
  }
});

// The cookie lets the server write data-theme, so that the next page does not flash.
onClick("[data-theme-toggle]", () => {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const theme = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
  const secure = location.protocol === "https:" ? ";secure" : "";
  root.dataset.theme = theme;
  document.cookie = `theme=${theme};path=/;max-age=31536000;samesite=lax${secure}`;
});

// The server writes times in UTC; here they become the reader's own.
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const absolute = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

const fromNow = (date) => {
  const seconds = (date - Date.now()) / 1000;
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? units.at(-1);
  return relative.format(Math.round(seconds / size), unit);
};

const writeTimes = () => {
  for (const time of document.querySelectorAll("time[data-time]")) {
    const date = new Date(time.dateTime);
    const near = time.dataset.time === "relative";
    time.textContent = near ? fromNow(date) : absolute.format(date);
    if (near) time.title = absolute.format(date);
  }
};
writeTimes();
setInterval(writeTimes, 20000);
addEventListener("put-in-place", writeTimes); // by live.js

// The first sign-in (first_steps.html): looked for while somebody waits for it, ten minutes long.
const watched = document.querySelector("[data-watch]");
if (watched) {
  let looks = 200;
  const look = async () => {
    if (document.hidden) return;
    if (--looks < 0) return clearInterval(looking);
    try {
      const answer = await fetch(watched.dataset.watch, { headers: { accept: "application/json" } });
      if (answer.ok && (await answer.json()).arrived) location.reload();
    } catch {
      // away for a moment: the next look may reach it
    }
  };
  const looking = setInterval(look, 3000);
}

// A user code is read aloud in two halves: write the dash while it is typed.
const codeField = document.querySelector("[data-user-code]");
codeField?.addEventListener("input", () => {
  if (codeField.selectionStart !== codeField.value.length) return;
  const letters = codeField.value.toUpperCase().replace(/[^A-Z0-9]/g, "");
  codeField.value = letters.length > 4 ? `${letters.slice(0, 4)}-${letters.slice(4)}` : letters;
});

// An answer on its way to an application (form_post.html): without script the person sends it.
document.querySelector("form[data-send-at-once]")?.submit();

// Signed out (signed_out.html): on, once the applications' pages are loaded, or do not come.
const onward = document.querySelector("a[data-go-on]");
if (onward) {
  const goOn = () => location.replace(onward.href);
  if (document.readyState === "complete") goOn();
  addEventListener("load", goOn);
  setTimeout(goOn, 5000);
}

// How pages would look (console/branding.html): shown while somebody types. Without script a button
// does so.
const branding = document.querySelector("form[data-preview]");
if (branding) {
  let due = 0;
  const show = () => {
    const typed = new URLSearchParams(new FormData(branding));
    for (const name of ["csrf_token", "version", "comment"]) typed.delete(name);
    for (const shown of document.querySelectorAll("iframe.preview")) {
      shown.contentWindow.location.replace(`${shown.src.split("?")[0]}?${typed}`);
    }
  };
  branding.addEventListener("input", () => {
    clearTimeout(due);
    due = setTimeout(show, 300);
  });
}

// Passkeys (WebAuthn): a form asks the device first, and sends what that says.
const passkeysWork = Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON);
for (const form of passkeysWork ? document.querySelectorAll("form[data-passkey]") : []) {
  const failed = form.querySelector("[data-failed]");
  const ask = async (options) =>
    form.dataset.passkey === "create"
      ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
      : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.dataset.options, { method: "POST", body });
      const credential = await ask(await answer.json());
      form.elements.credential.value = JSON.stringify(credential);
      form.submit();
    } catch {
      failed.hidden = false; // the person said no, the device cannot, or the page is too old
    }
  });
}
