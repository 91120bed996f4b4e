// A button beside each block of code that a reader may want to copy.
const makeCopyable = (root) => {
  each(root, "pre.copy", (block) => {
    const button = make("button", { type: "button", className: "copies" }, "Copy");
    button.addEventListener("click", () => {
      const code = block.querySelector("code");
      getSelection().selectAllChildren(code); // to see it, and to copy by hand where it must be
      const done = navigator.clipboard?.writeText(code.textContent);
      done?.then(() => { button.textContent = "Copied"; }, () => {});
    });
    block.append(button);
  });
};
