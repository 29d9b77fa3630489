// Keeps a page fresh: asks for its changing part every few seconds and changes what differs, so that focus, selection and scrolling stay where
// they are. Without it the page is the same, as of when it was opened.
"use strict";
(() => {
  const stale = document.getElementById("stale");
  let timer = 0;
  let failures = 0;

  const part = () => document.getElementById("live");

  // become makes a node like another, touching as little as possible.
  const become = (old, fresh) => {
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
      old.replaceWith(fresh.cloneNode(true));
      return;
    }
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    const now = [...old.childNodes];
    const then = [...fresh.childNodes];
    then.forEach((node, i) => (now[i] ? become(now[i], node) : old.append(node.cloneNode(true))));
    now.slice(then.length).forEach((node) => node.remove());
  };

  const refresh = async () => {
    try {
      const answer = await fetch(location.href, { headers: { "Vestnik-Part": "live" }, cache: "no-store", redirect: "error" });
      if (answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
      if (!fresh) throw new Error("no part");
      become(part(), fresh);
      failures = 0;
    } catch {
      failures++;
    }
    stale.hidden = failures < 2;
    plan();
  };

  const plan = () => {
    clearTimeout(timer);
    const every = Number(part().dataset.every);
    if (every > 0 && !document.hidden) timer = setTimeout(refresh, Math.min(every * 2 ** Math.min(failures, 4), 60000));
  };

  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : refresh()));
  plan();
})();
