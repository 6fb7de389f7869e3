//! The program as black-box tests see it: its command line, what it prints, its routes, its end.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use reqwest::{
    Client, Method, RequestBuilder, Response,
    header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;
use webhooks_tests::{Gate, Receiver, Reply};

const PROGRAM: &str = env!("CARGO_BIN_EXE_standalone");
const TOKEN: &str = "the token of the test";

/// A running program; ends when dropped.
struct Running {
    child: Child,
    base: String,
    client: Client,
    /// Where its store is, by default.
    _directory: TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut child = Command::new(PROGRAM)
            .current_dir(&directory)
            .args(["--listen", "127.0.0.1:0", "--admin-token", TOKEN])
            .args(["--allow-http", "--allow-network", "127.0.0.0/8"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        printed.read_line(&mut line).unwrap();
        let base = line.strip_prefix("listening on ").unwrap().trim_end();
        Self {
            child,
            base: base.to_owned(),
            client: Client::builder().no_proxy().build().unwrap(),
            _directory: directory,
        }
    }

    fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let request = self.anonymous(Method::POST, path).bearer_auth(TOKEN);
        request.body(body)
    }

    async fn attach(&self, receiver: &Receiver) {
        let retry = json!({ "initial_ms": 20, "max_ms": 40, "max_attempts": 3 });
        let emitter =
            json!({ "id": "crm", "url": receiver.url("/hooks"), "events": ["*"], "retry": retry });
        let request = self.post("/webhooks/api/emitters", emitter.to_string());
        let request = request.header(CONTENT_TYPE, "application/json");
        assert_eq!(request.send().await.unwrap().status(), 201);
    }

    fn terminate(&self) {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(told.unwrap().success());
    }
}

/// The type and detail of a problem of this status.
async fn problem(answer: Response, status: u16) -> (String, String) {
    assert_eq!(answer.status(), status);
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
    let problem: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    let text = |name: &str| problem[name].as_str().unwrap().to_owned();
    (text("type"), text("detail"))
}

/// Runs it with a store that is none, so that it ends even if it takes all these arguments.
fn ended(arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(["--store", "none:"]).args(arguments);
    command.output().unwrap()
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_which_flag() {
    for (arguments, flag) in [
        (vec!["--nothing"], "--nothing"),
        (vec!["--listen", "here"], "--listen"),
        (vec!["--listen", "127.0.0.1"], "--listen"),
        (vec!["--listen", "127.0.0.1:65536"], "--listen"),
        (vec!["--allow-network", "127.0.0.0/33"], "--allow-network"),
        (vec!["--grace-ms", "soon"], "--grace-ms"),
        (vec!["--log", "webhooks=loud"], "--log"),
        (vec!["--admin-token", ""], "--admin-token"),
    ] {
        let ended = ended(&arguments);
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(flag), "{arguments:?}: {said}");
        assert!(ended.stdout.is_empty());
    }
}

#[test]
fn a_store_that_is_not_built_in_ends_with_1_and_one_line() {
    let ended = ended(&[]);
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("none:") && said.lines().count() == 1);
}

#[tokio::test]
async fn what_is_emitted_arrives_under_the_requests_id() {
    let (program, receiver) = (Running::start(), Receiver::start().await);
    program.attach(&receiver).await;
    let path = "/emit/order.created?ordering_key=customer-17";
    let request = program.post(path, r#"{ "b": 1.50, "a": 2 }"#);
    let answer = request.header("x-request-id", "request-1").send().await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 202);
    let receipt: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(
        (&receipt["delivery_id"], &receipt["deliveries"]),
        (&json!("request-1"), &json!(1))
    );
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(received.body, r#"{ "b": 1.50, "a": 2 }"#);
    for (name, value) in [
        ("webhook-id", receipt["message_id"].as_str().unwrap()),
        ("x-webhooks-event", "order.created"),
        ("x-webhooks-delivery", "request-1"),
        ("x-webhooks-ordering-key", "customer-17"),
    ] {
        assert_eq!(received.header(name), value);
    }
}

#[tokio::test]
async fn what_is_staged_goes_out_only_with_a_success() {
    let (program, receiver) = (Running::start(), Receiver::start().await);
    program.attach(&receiver).await;
    for (query, status) in [
        ("status=201", 201),
        ("status=422", 422),
        ("status=500", 500),
        ("panic=true", 500),
        ("status=302&delay_ms=10", 302),
    ] {
        let request = program.post(&format!("/stage/a?{query}"), "{}");
        let answer = request.header("x-request-id", query).send().await.unwrap();
        assert_eq!(answer.status(), status, "{query}");
        assert_eq!(answer.headers()["x-request-id"], query);
    }
    // A client that leaves before its request is answered, and one that stays for longer.
    let request = program.post("/stage/a?delay_ms=200", "{}");
    let left = request.timeout(Duration::from_millis(50)).send().await;
    assert!(left.unwrap_err().is_timeout());
    let request = program.post("/stage/last?delay_ms=400", "{}");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let received = receiver.wait_for(3).await;
    let ids: Vec<&str> = received[..2]
        .iter()
        .map(|received| received.header("x-webhooks-delivery"))
        .collect();
    assert_eq!(ids, ["status=201", "status=302&delay_ms=10"]);
    assert_eq!(received[2].header("x-webhooks-event"), "last");
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_a_problem() {
    let program = Running::start();
    let too_deep = format!("{}1{}", r#"{"a":"#.repeat(129), "}".repeat(129));
    let too_large = |beyond: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat((1 << 20) + beyond));
    for (path, body, status, r#type) in [
        ("a%20b", "{}", 422, "invalid_value"),
        ("%FF", "{}", 422, "invalid_value"),
        ("a?tenant=", "{}", 422, "invalid_value"),
        ("a?ordering_key=a%20b", "{}", 422, "invalid_value"),
        ("a?color=red", "{}", 422, "invalid_query"),
        ("a", "[]", 422, "invalid_payload"),
        ("a", "", 422, "invalid_payload"),
        ("a", &too_deep, 422, "payload_too_deep"),
        ("a", &too_large(1), 413, "payload_too_large"),
        ("a", &too_large(1 << 17), 413, "payload_too_large"),
    ] {
        for route in ["emit", "stage"] {
            let request = program.post(&format!("/{route}/{path}"), body.to_owned());
            let answer = request.send().await.unwrap();
            assert_eq!(problem(answer, status).await.0, r#type, "{route} {path}");
        }
    }
    for query in ["status=99", "status=1000", "status=101", "delay_ms=-1"] {
        let request = program.post(&format!("/stage/a?{query}"), "{}");
        let (r#type, detail) = problem(request.send().await.unwrap(), 422).await;
        assert_eq!(r#type, "invalid_query");
        assert!(detail.contains(&query[..6]), "{detail}");
    }
    for path in ["/emit/a", "/stage/a", "/health"] {
        let request = program.anonymous(Method::DELETE, path).bearer_auth(TOKEN);
        let answer = request.send().await.unwrap();
        assert!(answer.headers().contains_key(ALLOW));
        assert_eq!(problem(answer, 405).await.0, "method_not_allowed");
    }
    let answer = program.post("/nothing", "{}").send().await.unwrap();
    assert_eq!(problem(answer, 404).await.0, "not_found");
}

#[tokio::test]
async fn everything_but_health_needs_the_token() {
    let program = Running::start();
    for path in ["/emit/a", "/stage/a", "/webhooks/api/nothing"] {
        for method in [Method::POST, Method::DELETE] {
            for token in [None, Some("wrong"), Some("")] {
                let mut request = program.anonymous(method.clone(), path);
                if let Some(token) = token {
                    request = request.bearer_auth(token);
                }
                let answer = request.send().await.unwrap();
                assert_eq!(answer.headers()[WWW_AUTHENTICATE], "Bearer", "{path}");
                assert_eq!(problem(answer, 401).await.0, "unauthorized");
            }
        }
    }
    for path in ["/health", "/webhooks/api/health"] {
        let answer = program.anonymous(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_ends_it_with_0_once_what_is_in_flight_is_answered() {
    let gate = Gate::closed();
    let held = gate.clone();
    let receiver = Receiver::scripted(move |_, _| Reply::status(200).held_by(&held)).await;
    let mut program = Running::start();
    program.attach(&receiver).await;
    program.post("/emit/a", "{}").send().await.unwrap();
    receiver.wait_for(1).await;
    program.terminate();
    let refused = async {
        while program
            .anonymous(Method::GET, "/health")
            .send()
            .await
            .is_ok()
        {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), refused).await.unwrap();
    assert!(program.child.try_wait().unwrap().is_none());
    gate.open();
    let ended = tokio::task::block_in_place(|| program.child.wait());
    assert_eq!(ended.unwrap().code(), Some(0));
}
