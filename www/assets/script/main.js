// Small comforts. Every page says all it has to say without them.
//
// 1. Commands name the address this page truly came from, whatever port the server was given.
// 2. A "Copy" button beside each command.
// 3. The foot of the page says when it was loaded.
"use strict";

const printed = "http://localhost:8080";

// A page opened from the disk has no server to name.
const here = location.protocol.startsWith("http") ? location.origin : printed;

if (here !== printed) {
  for (const code of document.querySelectorAll("[data-address]")) {
    code.textContent = code.textContent.replaceAll(printed, here);
  }
}

// The clipboard is only there on https and localhost; elsewhere the command is selected, ready for Ctrl+C.
async function copy(code, text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    getSelection().selectAllChildren(code);
    return "Selected";
  }
}

for (const command of document.querySelectorAll(".command")) {
  const code = command.querySelector("code");
  const said = document.createElement("span");
  said.className = "unseen";
  said.setAttribute("role", "status");

  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy the command: " + code.textContent.trim());
  button.addEventListener("click", async () => {
    const word = await copy(code, code.textContent.trim());
    button.textContent = word;
    said.textContent = word;
    setTimeout(() => {
      button.textContent = "Copy";
      said.textContent = "";
    }, 2000);
  });

  command.classList.add("can-copy");
  command.append(button, said);
}

const loaded = document.getElementById("loaded");
if (loaded) {
  const now = new Date();
  const time = document.createElement("time");
  time.dateTime = now.toISOString();
  time.textContent = now.toLocaleTimeString(document.documentElement.lang, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  loaded.append("Your browser loaded this page at ", time, ".");
  loaded.hidden = false;
}
