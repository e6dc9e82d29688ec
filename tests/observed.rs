//! Observability of the real program: its metrics, its traces and the ids in its log, with a trace collector of the
//! tests' own.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on says why and ends")]

mod support;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use prost::Message;
use serde_json::{Value, json};
use support::tls_server::TlsServer;
use support::{TestDatabase, photo, with_timeout};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const KEY: &str = "a-key-that-no-trace-has";

/// A running program and its output.
struct Process {
    child: Child,
    url: String,
    /// Address of the metrics, if they have a listener of their own.
    numbers: Option<String>,
    log: JoinHandle<Vec<String>>,
}

impl Process {
    async fn start(database: &TestDatabase, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_calliope"));
        command
            .env_clear()
            .envs(database.environment())
            .envs([("PORT", "0"), ("CALLIOPE_API_KEY", KEY)])
            .envs(variables.iter().copied())
            .current_dir(database.folder.path())
            .stderr(Stdio::piped());
        let mut child =
            tokio::process::Command::from(command).kill_on_drop(true).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let (mut log, mut numbers) = (Vec::new(), None);
        let asked_for_numbers =
            variables.iter().any(|(name, _)| *name == "CALLIOPE_METRICS_ADDRESS");
        let mut url = None;
        while url.is_none() || (asked_for_numbers && numbers.is_none()) {
            let line = lines.next_line().await.expect("readable");
            let line = line.unwrap_or_else(|| panic!("the program ended: {log:#?}"));
            let address = |(_, rest): (&str, &str)| {
                let (_, rest) = rest.split_once("open http://").expect("an address");
                let end = rest.find(['/', ' ', '"']).unwrap_or(rest.len());
                format!("http://{}", &rest[..end])
            };
            url = url.or(line.split_once("listening on ").map(address));
            numbers = numbers.or(line.split_once("serving metrics; ").map(address));
            log.push(line);
        }
        let log = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                log.push(line);
            }
            log
        });
        Self { child, url: url.expect("the program logs it"), numbers, log }
    }

    /// Orders a frame and checks that it is told.
    async fn frame(&self, body: Value, headers: &[(&str, &str)]) {
        let mut request = client().post(format!("{}/v1/frames/?api_key={KEY}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.json(&body).send().await.expect("an answer");
        let status = response.status();
        assert_eq!(status, 200, "{}", response.text().await.expect("text"));
    }

    /// Stops the program. Returns the lines that it has written.
    async fn stop(mut self) -> Vec<String> {
        let pid = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("sent").success());
        assert!(with_timeout(self.child.wait()).await.expect("ended").success(), "an orderly end");
        self.log.await.expect("the reader does not panic")
    }
}

fn client() -> reqwest::Client {
    support::client().build().expect("a client")
}

/// Starts a trace collector. Returns its address and the spans that it receives.
async fn collector() -> (String, mpsc::UnboundedReceiver<Span>) {
    async fn take(State(spans): State<mpsc::UnboundedSender<Span>>, body: Bytes) {
        let sent = ExportTraceServiceRequest::decode(body).expect("protobuf");
        for resource in sent.resource_spans {
            let named = resource.resource.expect("a resource").attributes;
            assert!(format!("{named:?}").contains("stories-of-a-test"), "{named:?}");
            for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                spans.send(span).expect("the test listens");
            }
        }
    }
    let (spans, sent) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().route("/v1/traces", post(take)).with_state(spans);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, sent)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_tell_what_was_done() {
    let database = TestDatabase::sqlite();
    let own = [("CALLIOPE_METRICS_ADDRESS", "127.0.0.1:0")];
    let process = Process::start(&database, &own).await;
    process.frame(json!({"client_id": "s", "input_image": photo()}), &[]).await;
    let status = |request: reqwest::RequestBuilder| async {
        request.send().await.expect("an answer").status().as_u16()
    };
    let get = |path: &str| client().get(format!("{}{path}", process.url));
    assert_eq!(status(get("/made-up-by-a-client").header("x-api-key", KEY)).await, 404);
    assert_eq!(status(get("/media/also-made-up.png")).await, 404);
    assert_eq!(status(get("/metrics")).await, 401, "numbers are not for everyone");
    let strange = client().request("MADEUP".parse().expect("a method"), &process.url);
    assert_eq!(status(strange).await, 401);
    let numbers = process.numbers.clone().expect("the program logs it");
    assert_eq!(status(client().get(format!("{numbers}/readyz"))).await, 404, "numbers alone");

    let response = client().get(format!("{numbers}/metrics")).send().await.expect("an answer");
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = response.text().await.expect("text");
    for line in [
        r#"calliope_http_requests_total{method="POST",route="/v1/frames",status="200"} 1"#,
        r#"calliope_http_requests_total{method="GET",route="other",status="404"} 1"#,
        r#"calliope_http_requests_total{method="GET",route="/media/{name}",status="404"} 1"#,
        r#"calliope_http_requests_total{method="GET",route="/metrics",status="401"} 1"#,
        r#"calliope_http_requests_total{method="other",route="/",status="401"} 1"#,
        r#"calliope_http_request_duration_seconds_count{method="POST",route="/v1/frames"} 1"#,
        r#"calliope_frames_total{strategy="fern",outcome="told"} 1"#,
        r#"calliope_tasks_total{kind="tell_frame",outcome="done"} 1"#,
        r#"calliope_frame_step_duration_seconds_count{step="perceive"} 1"#,
        r#"calliope_frame_step_duration_seconds_count{step="situate"} 1"#,
        r#"calliope_frame_step_duration_seconds_count{step="tell"} 1"#,
        r#"calliope_frame_step_duration_seconds_count{step="illustrate"} 1"#,
        r#"calliope_frame_step_duration_seconds_count{step="keep"} 1"#,
        r#"calliope_frame_step_duration_seconds_bucket{step="keep",le="180"} 1"#,
        r#"calliope_provider_calls_total{provider="offline",capability="image",outcome="done"} 1"#,
        r#"calliope_provider_call_duration_seconds_count{provider="offline",capability="image"} 1"#,
        "calliope_event_subscribers 0",
        "calliope_tasks_waiting 0",
        "calliope_oldest_waiting_task_age_seconds 0",
        r#"calliope_database_connections_max{pool="write"} 1"#,
        concat!("calliope_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
    ] {
        assert!(text.lines().any(|has| has == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("made-up") && !text.contains("MADEUP"), "{text}");
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().expect("a name");
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let is_told = |name: &str| text.contains(&format!("# HELP {name} "));
        assert!(is_told(name) || base.is_some_and(is_told), "{name} has no meaning");
    }
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_its_task_and_their_steps_are_one_trace() {
    let database = TestDatabase::sqlite();
    let (url, mut sent) = collector().await;
    let variables =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()), ("OTEL_SERVICE_NAME", "stories-of-a-test")];
    let process = Process::start(&database, &variables).await;
    let secret = "a phrase that no trace has";
    let body = json!({"client_id": "s", "input_image": photo(), "input_text": secret});
    let mine = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    process.frame(body.clone(), &[("traceparent", mine)]).await;
    process.frame(body, &[("traceparent", &mine[..54])]).await;
    process.stop().await;

    let mut traces: BTreeMap<Vec<u8>, Vec<Span>> = BTreeMap::new();
    while let Ok(span) = sent.try_recv() {
        let debug = format!("{span:?}");
        for hidden in [secret, KEY, &photo()[..40]] {
            assert!(!debug.contains(hidden), "{debug}");
        }
        traces.entry(span.trace_id.clone()).or_default().push(span);
    }
    let given = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes().to_vec();
    assert!(traces.len() == 2 && traces.contains_key(&given), "{:?}", traces.keys());
    for (trace_id, spans) in &traces {
        let named = |name: &str| {
            let found: Vec<&Span> = spans.iter().filter(|span| span.name == name).collect();
            assert_eq!(found.len(), 1, "{name} in {spans:#?}");
            found[0]
        };
        let request = named("POST /v1/frames");
        let outer = if *trace_id == given {
            0x00f0_67aa_0ba9_02b7_u64.to_be_bytes().to_vec()
        } else {
            vec![]
        };
        assert_eq!((request.kind(), &request.parent_span_id), (SpanKind::Server, &outer));
        let task = named("task tell_frame");
        assert_eq!((task.kind(), &task.parent_span_id), (SpanKind::Consumer, &request.span_id));
        for step in ["perceive", "situate", "tell", "illustrate", "keep"] {
            assert_eq!(named(step).parent_span_id, task.span_id, "{step}");
        }
        for (call, step) in [("structured offline", "tell"), ("image offline", "illustrate")] {
            assert_eq!(named(call).parent_span_id, named(step).span_id, "{call}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_down_disturbs_nobody() {
    let database = TestDatabase::sqlite();
    // A port that was free a moment ago refuses connections immediately.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let variables =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "1")];
    let process = Process::start(&database, &variables).await;
    for _ in 0..3 {
        process.frame(json!({"client_id": "s"}), &[]).await;
    }
    let log = process.stop().await;
    let warned = log.iter().filter(|line| line.contains("WARN") || line.contains("ERROR"));
    let warned: Vec<&String> = warned.collect();
    assert_eq!(warned.len(), 1, "{log:#?}");
    assert!(warned[0].contains("traces cannot be sent"), "{warned:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_bears_one_trace_id_from_request_to_step_without_a_collector() {
    let database = TestDatabase::sqlite();
    let variables = [("CALLIOPE_LOG_FORMAT", "json"), ("CALLIOPE_LOG", "info,calliope=debug")];
    let process = Process::start(&database, &variables).await;
    let mine = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    let frame = json!({"client_id": "s"});
    process.frame(frame.clone(), &[("traceparent", mine), ("x-request-id", "mine")]).await;
    process.frame(frame, &[("traceparent", "00-nonsense"), ("x-request-id", "none")]).await;
    let log = process.stop().await;
    let ids = |request_id: &str| {
        let mut ids = BTreeMap::new();
        for line in &log {
            let line: Value = serde_json::from_str(line).expect("JSON");
            let spans = line["spans"].as_array().into_iter().flatten();
            for span in spans.filter(|span| span["request_id"] == request_id) {
                let name = span["name"].as_str().expect("a name").to_owned();
                let trace_id = span["trace_id"].as_str().expect("an id").to_owned();
                ids.insert((line["message"].to_string(), name), trace_id);
            }
        }
        ids
    };
    for (request_id, expected) in
        [("mine", Some("0af7651916cd43dd8448eb211c80319c")), ("none", None)]
    {
        let ids = ids(request_id);
        let trace_id =
            |message: &str, span: &str| &ids[&(json!(message).to_string(), span.to_owned())];
        let answered = trace_id("answered", "request");
        assert_eq!(answered, trace_id("step started", "task"), "{log:#?}");
        assert_eq!(answered.len(), 32, "{answered}");
        assert!(expected.is_none_or(|expected| expected == answered), "{answered}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_has_one_line_for_each_frame_told() {
    let database = TestDatabase::sqlite();
    let process = Process::start(&database, &[("CALLIOPE_LOG_FORMAT", "json")]).await;
    for client_id in ["s", "t"] {
        process.frame(json!({"client_id": client_id, "strategy": "lavender"}), &[]).await;
    }
    let log = process.stop().await;
    let lines = log.iter().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let told: Vec<Value> = lines.filter(|line| line["message"] == "frame told").collect();
    let clients: Vec<&Value> = told.iter().map(|line| &line["client_id"]).collect();
    assert_eq!(clients, ["s", "t"], "{log:#?}");
    for line in &told {
        assert_eq!((&line["level"], &line["strategy"]), (&json!("INFO"), &json!("lavender")));
        assert_eq!((&line["frames"], &line["providers"]), (&json!(1), &json!("offline")));
        assert!(line["elapsed_ms"].as_u64().is_some(), "a number: {line}");
        assert_eq!(line["cost_usd"].as_f64(), Some(0.0), "a number: {line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_with_a_certificate_of_an_own_authority_is_trusted_only_by_name() {
    let authority = support::fixture_path("certificates/authority.pem").display().to_string();
    let trust = [("CALLIOPE_CA_FILE", authority.as_str())];
    let refused = [
        ("server", &[][..], "no trusted authority has signed it"),
        ("other_name", &trust[..], "it is for another host name"),
        ("expired", &trust[..], "it has expired"),
    ];
    for (certificate, trusted, reason) in refused {
        let collector = TlsServer::start(certificate, |_| Vec::new());
        let log = trace_a_frame(&collector, trusted).await;
        let line = log.iter().find(|line| line.contains("traces cannot be sent"));
        let line = line.unwrap_or_else(|| panic!("{certificate}: {log:#?}"));
        let expected = format!("its certificate is refused: {reason}");
        assert!(line.contains(&expected), "{certificate}: {line}");
    }
    let (sender, mut received) = mpsc::unbounded_channel();
    let collector = TlsServer::start("server", move |body| {
        let _ = sender.send(ExportTraceServiceRequest::decode(body).expect("protobuf"));
        Vec::new()
    });
    let log = trace_a_frame(&collector, &trust).await;
    assert!(log.iter().all(|line| !line.contains("traces cannot be sent")), "{log:#?}");
    let sent = with_timeout(received.recv()).await.expect("spans");
    assert!(sent.resource_spans.iter().any(|resource| !resource.scope_spans.is_empty()));
}

/// Tells a frame in a process that sends its traces to a collector. Returns what the process has logged.
async fn trace_a_frame(collector: &TlsServer, variables: &[(&str, &str)]) -> Vec<String> {
    let database = TestDatabase::sqlite();
    let endpoint = format!("https://localhost:{}", collector.port);
    let own = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("NO_COLOR", "1")];
    let process = Process::start(&database, &[&own[..], variables].concat()).await;
    process.frame(json!({"client_id": "s", "strategy": "literal", "input_text": "T."}), &[]).await;
    process.stop().await
}
