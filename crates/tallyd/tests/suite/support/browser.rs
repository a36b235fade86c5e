//! Headless Chromium, driven over a pipe by the protocol of its developer tools.
//!
//! The protocol: JSON objects that end in NUL; each command is answered under its `id`, events come between.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};

use super::{Folder, LIMIT, server::wait_within};

/// Chromium takes commands on descriptor 3 and answers on 4: the shell puts our pipes there.
const PIPES: &str = r#"command -v chromium >&2 || exit 127; exec chromium "$@" 3<&0 4>&1 >&2"#;

const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--remote-debugging-pipe",
];

/// A browser with one empty page and a profile of its own.
pub struct Browser {
    child: Child,
    commands: Option<ChildStdin>,
    messages: Receiver<Value>,
    session: String,
    last: u64,
    events: Vec<Value>,
    _profile: Folder,
}

/// What happened while a page loaded.
#[derive(Debug)]
pub struct Page {
    /// URL and status of each response.
    pub responses: Vec<(String, u64)>,
    /// What failed: requests, and scripts.
    pub failures: Vec<String>,
}

impl Browser {
    /// Starts it.
    pub fn start() -> Browser {
        let profile = Folder::new();
        let mut command = Command::new("sh");
        command.args(["-c", PIPES, "sh"]).args(FLAGS);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().expect("start sh");
        let (sender, messages) = channel();
        let answers = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for message in answers.split(0).map_while(Result::ok) {
                let value = serde_json::from_slice(&message).expect("JSON from Chromium");
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        let mut browser = Browser {
            commands: child.stdin.take(),
            child,
            messages,
            session: String::new(),
            last: 0,
            events: Vec::new(),
            _profile: profile,
        };
        browser.attach();
        browser
    }

    fn attach(&mut self) {
        let target = self.call("Target.createTarget", &json!({"url": "about:blank"}));
        let target = json!({"targetId": target["targetId"], "flatten": true});
        let session = self.call("Target.attachToTarget", &target);
        session["sessionId"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.session);
        for domain in ["Page", "Network", "Runtime"] {
            self.call(&format!("{domain}.enable"), &json!({}));
        }
    }

    /// Opens `url` and waits until everything in it has loaded or failed.
    pub fn open(&mut self, url: &str) -> Page {
        self.events.clear();
        let begun = self.call("Page.navigate", &json!({"url": url}));
        assert!(begun.get("errorText").is_none(), "{url}: {begun}");
        let is_loaded = |event: &Value| event["method"] == "Page.loadEventFired";
        while !self.events.iter().any(is_loaded) || !self.is_quiet() {
            let event = self.next();
            self.events.push(event);
        }
        Page::of(&self.events)
    }

    /// Whether each request that was sent has ended.
    fn is_quiet(&self) -> bool {
        let ended = ["Network.loadingFinished", "Network.loadingFailed"];
        let has_ended = |id: &Value| {
            let mut of = self.events.iter().filter(|event| is_one_of(event, &ended));
            of.any(|event| event["params"]["requestId"] == *id)
        };
        begun(&self.events).iter().all(|id| has_ended(id))
    }

    /// The value of a JavaScript expression in the open page.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let ask = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", &ask);
        assert!(answer.get("exceptionDetails").is_none(), "{answer:#}");
        answer["result"]["value"].clone()
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut command = json!({"id": self.last, "method": method, "params": params});
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        let bytes = [command.to_string().as_bytes(), b"\0"].concat();
        let commands = self.commands.as_mut().unwrap();
        // A browser that has ended is found out by the answer that is missing.
        commands.write_all(&bytes).ok();
        loop {
            let mut message = self.next();
            if message["id"] == self.last {
                assert!(message.get("error").is_none(), "{method}: {message:#}");
                return message["result"].take();
            }
            self.events.push(message);
        }
    }

    fn next(&mut self) -> Value {
        match self.messages.recv_timeout(LIMIT) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => panic!("Chromium is stuck: {:#?}", self.events),
            Err(RecvTimeoutError::Disconnected) => match self.child.wait().unwrap().code() {
                Some(127) => panic!("chromium is missing: make test installs it"),
                code => panic!("Chromium ended with {code:?}"),
            },
        }
    }
}

fn is_one_of(event: &Value, methods: &[&str]) -> bool {
    event["method"]
        .as_str()
        .is_some_and(|method| methods.contains(&method))
}

/// The requests that were begun since the page was opened; the page before may still have been asking for its icon.
fn begun(events: &[Value]) -> Vec<&Value> {
    let sent = events
        .iter()
        .filter(|event| is_one_of(event, &["Network.requestWillBeSent"]));
    sent.map(|event| &event["params"]["requestId"]).collect()
}

impl Page {
    fn of(events: &[Value]) -> Page {
        let mut page = Page {
            responses: Vec::new(),
            failures: Vec::new(),
        };
        let begun = begun(events);
        for event in events {
            let params = &event["params"];
            let of = &params["requestId"];
            if !of.is_null() && !begun.contains(&of) {
                continue;
            }
            match event["method"].as_str().unwrap_or_default() {
                "Network.responseReceived" => {
                    let response = &params["response"];
                    let url = response["url"].as_str().unwrap_or_default().to_owned();
                    let status = response["status"].as_u64().unwrap_or_default();
                    page.responses.push((url, status));
                }
                "Network.loadingFailed" | "Runtime.exceptionThrown" => {
                    page.failures.push(params.to_string());
                }
                _ => {}
            }
        }
        page
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium ends when its pipe closes.
        drop(self.commands.take());
        if wait_within(&mut self.child, Instant::now() + LIMIT / 3).is_none() {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}
