// Parts of a page that change by themselves (data-live: where news come from). News say that something
// is different and not what: the page is asked for again, and these parts of it take the place of what
// is shown. Without script there is a link to look again.
let news = null;
let asking = false;
let askAgain = false;
let failures = 0;
const liveParts = () => document.querySelectorAll("[data-live]");

const putInPlace = (page) => {
  for (const part of liveParts()) {
    const fresh = page.getElementById(part.id);
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    const unfolded = [...part.querySelectorAll("details[open][id]")].map((each) => each.id);
    if (fresh) part.replaceWith(document.adoptNode(fresh));
    else part.remove();
    for (const each of unfolded) document.getElementById(each)?.setAttribute("open", "");
    if (focused) document.getElementById(focused)?.focus();
  }
  for (const control of document.querySelectorAll("[data-live] [data-script]")) control.hidden = false;
  dispatchEvent(new Event("put-in-place"));
};

const lookAgain = () => {
  if (asking) return void (askAgain = true);
  const [part] = liveParts();
  if (!part) return;
  asking = true;
  askAgain = false;
  const asked = new XMLHttpRequest();
  const wanted = new URL(part.dataset.liveFrom || location.href, location.href);
  asked.open("GET", wanted);
  asked.setRequestHeader("x-live", "1");
  asked.responseType = "document"; // nothing in it runs
  asked.onloadend = () => {
    asking = false;
    const isLed = asked.responseURL && new URL(asked.responseURL).pathname !== wanted.pathname;
    failures = asked.status === 200 ? 0 : failures + 1;
    // Led to sign in, or refused: nobody may see it any more, and it changes no more by itself.
    if (isLed || failures === 3) for (const each of liveParts()) each.removeAttribute("data-live");
    else if (asked.status === 200 && asked.responseXML) putInPlace(asked.responseXML);
    if (!liveParts().length) listen(false);
    else if (askAgain) lookAgain();
  };
  asked.send();
};

const listen = (wanted) => {
  news?.close();
  news = null;
  const [part] = wanted ? liveParts() : [];
  if (!part || document.hidden) return;
  news = new EventSource(part.dataset.live);
  news.addEventListener("changed", lookAgain);
  news.onerror = () => {
    // Told that there is no room, or that it may not: the browser tries no more by itself.
    if (news?.readyState !== EventSource.CLOSED) return;
    setTimeout(() => {
      listen(true);
      lookAgain();
    }, 30000);
  };
};
if (liveParts().length) {
  document.addEventListener("visibilitychange", () => listen(true));
  addEventListener("pagehide", () => listen(false));
  listen(true);
}
