// An answer's words tinted by where they came from. All text goes in as text: what documents say is never markup.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  for (const old of parentElement.querySelectorAll(".quoth")) old.remove();
  const root = make("div", "quoth");
  parentElement.appendChild(root);
  const tip = make("div", "tip");
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;

  const answer = root.appendChild(make("div", data.abstained ? "answer refused" : "answer"));
  if (data.words.length) for (const run of runs(data.words)) answer.appendChild(draw(run));
  else answer.textContent = data.text;
  root.appendChild(make("div", "label", data.abstained ? "Nearest passages" : "Sources"));
  const list = root.appendChild(make("ol"));
  for (const i of data.shown) list.appendChild(source(i));
  root.appendChild(said());
  root.appendChild(tip);
  const hide = () => { tip.hidden = true; };
  window.addEventListener("scroll", hide, true);
  return () => window.removeEventListener("scroll", hide, true);

  function make(tag, name = "", text = "") {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text) element.textContent = text;
    return element;
  }

  function percent(share) { return `${Math.round(100 * share)}%`; }

  // Words of one source that follow each other are one stop for the keyboard.
  function runs(words) {
    const found = [];
    for (const word of words) {
      const last = found[found.length - 1];
      if (last && last[0].source === word.source) last.push(word);
      else found.push([word]);
    }
    return found;
  }

  function draw(words) {
    const run = make("span", "run"), from = words[0].source;
    run.tabIndex = 0;
    run.setAttribute("role", "button");
    const name = from === null ? "the model's memory" : `source ${from + 1}, ${data.sources[from].title}`;
    run.setAttribute("aria-label", `${words.map((word) => word.text).join("")}: from ${name}`);
    for (const word of words) {
      const part = run.appendChild(make("span", from === null ? "word memory" : "word", word.text));
      if (from === null) part.style.borderColor = data.memory.colour;
      // A surer word is tinted more.
      else part.style.background = data.sources[from].colour + Math.round(0x22 + 0x55 * word.share).toString(16);
      part.addEventListener("mouseenter", () => explain(word, part));
      part.addEventListener("mouseleave", hideTip);
    }
    run.addEventListener("focus", () => explain(words[0], run));
    run.addEventListener("blur", hideTip);
    opens(run, from);
    return run;
  }

  function hideTip() { tip.hidden = true; }

  function opens(element, from) {
    if (from === null) return;
    element.addEventListener("click", () => { hideTip(); setTriggerValue("opened", from); });
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); hideTip(); setTriggerValue("opened", from); }
      if (event.key === "Escape") hideTip();
    });
  }

  // The passage of a word and what it weighs, beside the others'.
  function explain(word, near) {
    tip.replaceChildren();
    const from = word.source === null ? null : data.sources[word.source];
    tip.appendChild(make("b", "", from ? from.title : "The model's memory"));
    tip.appendChild(make("span", "", from ? `${from.place}: “${from.quote}”` : "No passage gives this word."));
    word.posterior.forEach((share, i) => {
      if (share < 0.005) return;
      const other = data.sources[i], bar = tip.appendChild(make("div", "bar")), fill = bar.appendChild(make("span", "fill"));
      fill.style.width = percent(share);
      fill.style.background = other ? other.colour : data.memory.colour;
      bar.appendChild(make("span", "weight", percent(share)));
    });
    tip.hidden = false;
    const box = near.getBoundingClientRect(), size = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(16, Math.min(box.left, window.innerWidth - size.width - 16))}px`;
    tip.style.top = box.bottom + size.height + 8 < window.innerHeight ? `${box.bottom + 6}px` : `${box.top - size.height - 6}px`;
  }

  function source(i) {
    const of = data.sources[i], item = make("li"), button = item.appendChild(make("button", "source"));
    button.type = "button";
    const number = button.appendChild(make("span", "number", String(i + 1)));
    number.style.background = `${of.colour}55`;
    button.appendChild(make("span", "weight", percent(of.weight)));
    button.appendChild(make("span", "title", `${of.title}, ${of.place}`));
    button.appendChild(make("span", "quote", `“${of.quote}”`));
    button.addEventListener("click", () => setTriggerValue("opened", Number(i)));
    return item;
  }

  function said() {
    const line = make("div", "said");
    if (!data.abstained) line.appendChild(make("span", "", `the model's memory ${percent(data.memory.weight)}`));
    line.appendChild(make("span", "", `confidence ${percent(data.confidence)}`));
    return line;
  }
}
