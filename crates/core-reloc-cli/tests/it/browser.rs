//! A headless browser, controlled by the WebDriver protocol.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

/// The key of an element's id in WebDriver's JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A session of Chromium, which ends on drop.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    // The driver needs both.
    _profile: tempfile::TempDir,
    _stdout: BufReader<ChildStdout>,
}

impl Browser {
    /// Starts the browser; returns why if that fails.
    pub(crate) fn start() -> Result<Self, String> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("chromedriver does not start: {error}"))?;
        let mut stdout = BufReader::new(driver.stdout.take().unwrap());
        let mut port = None;
        let mut line = String::new();
        while port.is_none() && stdout.read_line(&mut line).unwrap() > 0 {
            let number = line.trim_end().trim_end_matches('.').rsplit(' ').next();
            port = number
                .filter(|_| line.contains("successfully on port"))
                .and_then(|port| port.parse().ok());
            line.clear();
        }
        let port = port.expect("chromedriver prints its port");
        let profile = tempfile::tempdir().unwrap();
        let mut browser =
            Self { driver, port, session: String::new(), _profile: profile, _stdout: stdout };
        let mut arguments: Vec<String> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1200,900",
        ]
        .map(String::from)
        .into();
        arguments.push(format!("--user-data-dir={}", browser._profile.path().display()));
        let started = browser.request(
            "POST",
            "/session",
            &json!({ "capabilities": { "alwaysMatch": {
                "goog:chromeOptions": { "args": arguments },
                "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            } } }),
        );
        browser.session = format!("/session/{}", started["sessionId"].as_str().unwrap());
        // Leaves the start page, which must not be in the logs.
        browser.post("/url", &json!({ "url": "about:blank" }));
        browser.log("performance");
        Ok(browser)
    }

    /// Opens a file, whose path may have a fragment.
    pub(crate) fn open(&self, path: &str) {
        self.post("/url", &json!({ "url": format!("file://{path}") }));
    }

    /// Runs a script in the page, and returns what it returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Runs the body of an asynchronous function in the page, and returns what it returns.
    pub(crate) fn run_async(&self, body: &str) -> Value {
        let script = format!(
            "const done = arguments[0];
             (async () => {{ {body} }})().then(done, (error) => done(String(error)));"
        );
        self.post("/execute/async", &json!({ "script": script, "args": [] }))
    }

    /// Sends a command of Chromium's own protocol.
    pub(crate) fn command(&self, name: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({ "cmd": name, "params": parameters }))
    }

    /// Sets the size of the view in pixels, and whether its user prefers dark colors.
    pub(crate) fn view(&self, width: u32, height: u32, is_dark: bool) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.command("Emulation.setDeviceMetricsOverride", &size);
        let value = if is_dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.command("Emulation.setEmulatedMedia", &features);
    }

    /// Clicks on the first element that a CSS selector matches.
    pub(crate) fn click(&self, selector: &str) {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        let element = found[ELEMENT].as_str().unwrap_or_else(|| panic!("{selector}: {found}"));
        self.post(&format!("/element/{element}/click"), &json!({}));
    }

    /// Presses a key in the focused element.
    pub(crate) fn press(&self, key: &str) {
        let stroke =
            [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })];
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": stroke });
        self.post("/actions", &json!({ "actions": [keyboard] }));
    }

    /// Returns the log since the last call: of kind `browser` for the console, or `performance` for what
    /// was loaded.
    pub(crate) fn log(&self, kind: &str) -> Vec<Value> {
        self.post("/se/log", &json!({ "type": kind })).as_array().unwrap().clone()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.request("POST", &format!("{}{path}", self.session), body)
    }

    fn request(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut reader = BufReader::new(stream);
        let mut len = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                len = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; len];
        reader.read_exact(&mut answer).unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let value = answer["value"].clone();
        assert!(value["error"].is_null(), "{path} {body}: {value}");
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.request("DELETE", &self.session, &json!({}));
        }
        // The driver may have ended already.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
