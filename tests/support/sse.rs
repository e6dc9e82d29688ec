//! A client for Server-Sent Events that reads them as a browser does.

use serde_json::Value;

use super::with_timeout;

/// A received event.
#[derive(Debug, Clone, PartialEq)]
pub struct SseEvent {
    pub id: i64,
    pub event: String,
    pub data: Value,
}

/// A stream of events.
pub struct SseStream {
    response: reqwest::Response,
    text: String,
    /// The last id that was received, with or without an event.
    pub last_id: Option<i64>,
}

impl SseStream {
    /// Opens a stream and reads its first block, which sets the position only.
    pub async fn open(request: reqwest::RequestBuilder) -> Self {
        let response = with_timeout(request.send()).await.expect("an answer");
        assert_eq!(response.status(), 200, "the stream is refused");
        let headers = response.headers();
        assert_eq!(headers["content-type"], "text/event-stream");
        assert_eq!(headers.get_all("cache-control").iter().collect::<Vec<_>>(), ["no-store"]);
        assert_eq!(headers["connection"], "close", "hyper does not buffer the stream");
        let mut stream = Self { response, text: String::new(), last_id: None };
        let first = with_timeout(stream.block()).await.expect("a first block");
        assert!(stream.read(&first).is_none(), "the first block has an id and no event: {first}");
        stream
    }

    /// Returns the next event; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<SseEvent> {
        loop {
            let block = with_timeout(self.block()).await?;
            if let Some(event) = self.read(&block) {
                return Some(event);
            }
        }
    }

    /// Returns the events up to the first for which `is_last` is true.
    pub async fn read_until(&mut self, is_last: impl Fn(&SseEvent) -> bool) -> Vec<SseEvent> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await.expect("the stream goes on");
            let done = is_last(&event);
            events.push(event);
            if done {
                return events;
            }
        }
    }

    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let chunk = self.response.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }

    fn read(&mut self, block: &str) -> Option<SseEvent> {
        let field = |name: &str| {
            let mut lines = block.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::to_owned)
        };
        let id = field("id").map(|id| id.parse().expect("a number"));
        self.last_id = id.or(self.last_id);
        let data = serde_json::from_str(&field("data")?).expect("JSON");
        Some(SseEvent { id: id.expect("an id on each"), event: field("event")?, data })
    }
}

/// Returns a short label for each event, such as `frame 3` or `task completed`.
pub fn event_labels(events: &[SseEvent]) -> Vec<String> {
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let label = |event: &SseEvent| match event.event.as_str() {
        "task" => format!("task {}", word(&event.data["status"])),
        "frame" => format!("frame {}", event.data["number"]),
        _ if event.data["removed"] == true => "story removed".to_owned(),
        other => format!("{other} {}", word(&event.data["slug"])),
    };
    events.iter().map(label).collect()
}
