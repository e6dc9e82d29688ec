//! Reads Server-Sent Events as a browser does.

use serde_json::Value;

use super::in_time;

/// One event.
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
    /// The last id that was sent, also without an event.
    pub last_id: Option<i64>,
}

impl SseStream {
    /// Begins to listen, and waits for the first block.
    pub async fn open(request: reqwest::RequestBuilder) -> Self {
        let response = in_time(request.send()).await.expect("an answer");
        assert_eq!(response.status(), 200, "the stream is refused");
        let headers = response.headers();
        assert_eq!(headers["content-type"], "text/event-stream");
        assert_eq!(headers.get_all("cache-control").iter().collect::<Vec<_>>(), ["no-store"]);
        assert_eq!(headers["connection"], "close", "it goes out without hyper's buffers");
        let mut stream = Self { response, text: String::new(), last_id: None };
        let first = in_time(stream.block()).await.expect("a first block");
        assert!(stream.read(&first).is_none(), "it says from where on, and nothing else: {first}");
        stream
    }

    /// The next event; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<SseEvent> {
        loop {
            let block = in_time(self.block()).await?;
            if let Some(heard) = self.read(&block) {
                return Some(heard);
            }
        }
    }

    /// Events up to the first that `is_last`.
    pub async fn read_until(&mut self, is_last: impl Fn(&SseEvent) -> bool) -> Vec<SseEvent> {
        let mut all = Vec::new();
        loop {
            let heard = self.next().await.expect("the stream goes on");
            let done = is_last(&heard);
            all.push(heard);
            if done {
                return all;
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

/// What a list of events says, in short: `frame 3`, `task completed`.
pub fn event_labels(events: &[SseEvent]) -> Vec<String> {
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let told = |heard: &SseEvent| match heard.event.as_str() {
        "task" => format!("task {}", word(&heard.data["status"])),
        "frame" => format!("frame {}", heard.data["number"]),
        _ if heard.data["removed"] == true => "story removed".to_owned(),
        other => format!("{other} {}", word(&heard.data["slug"])),
    };
    events.iter().map(told).collect()
}
