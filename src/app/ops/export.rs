//! Exports everything stored about a client as one JSON document. The document is streamed, because a client may have
//! thousands of frames.

use std::collections::HashMap;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::Ops;
use crate::app::stories::StoryListView;
use crate::app::{Actor, AppError, ErrorKind, Page};
use crate::domain::{ClientId, Principal, SparrowConfig};
use crate::store::StoryPage;

/// Number of items that one query reads.
const PAGE_SIZE: i64 = 100;

/// Number of chunks that may wait for the receiver.
const CHANNEL_CAPACITY: usize = 8;

/// Writes a further field that is a list, page by page.
macro_rules! list {
    ($document:ident, $name:literal, $after:ident => $page:expr) => {{
        $document.open($name)?;
        let mut $after = None;
        loop {
            let page = $page.await?;
            for item in &page.items {
                $document.next();
                $document.value(item)?;
            }
            $document.flush().await?;
            $after = page.next;
            if $after.is_none() {
                break;
            }
        }
        $document.raw("]");
    }};
}

/// The chunks of an export, in order. If an error occurs, it is the last item, and the document is incomplete.
pub type ExportStream = mpsc::Receiver<Result<Bytes, AppError>>;

impl Ops {
    /// Starts an export of a client. The export stops when the receiver is dropped.
    #[must_use]
    pub fn export(&self, client_id: ClientId) -> ExportStream {
        let (chunks, export) = mpsc::channel(CHANNEL_CAPACITY);
        let ops = self.clone();
        tokio::spawn(async move {
            let mut document = ExportWriter { chunks, buffer: Vec::new(), is_empty: true };
            let result = match ops.write_export(&client_id, &mut document).await {
                Ok(()) => document.flush().await,
                Err(error) => Err(error),
            };
            if let Err(ExportError::Failed(error)) = result {
                // This fails only if the receiver was dropped.
                let _ = document.chunks.send(Err(error)).await;
            }
        });
        export
    }

    async fn write_export(
        &self,
        id: &ClientId,
        document: &mut ExportWriter,
    ) -> Result<(), ExportError> {
        let client = id.as_str();
        document.raw("{");
        document.field("client_id", id)?;
        document.raw(",");
        document.field("date_exported", &self.clock.now())?;
        document.raw(",");
        let configuration = none_if_not_found(self.config.resource::<SparrowConfig>(client).await)?;
        document.field("configuration", &configuration)?;
        document.raw(",");
        document.field("state", &none_if_not_found(self.clients.sparrow_state(id).await)?)?;
        list!(document, "patterns", after => self.clients.patterns(id, None, after, PAGE_SIZE));
        list!(document, "context", after => self.clients.context(id, None, after, PAGE_SIZE));
        list!(document, "insights", after => self.clients.insights(id, None, 0.0, after, PAGE_SIZE));
        list!(document, "voice_profiles", after => self.clients.voice_profiles(id, after, PAGE_SIZE));
        list!(document, "recordings", after => self.clients.recordings(id, after, PAGE_SIZE));
        list!(document, "telemetry", before => self.clients.telemetry_reports(id, before, PAGE_SIZE));
        list!(document, "bookmark_lists", after => self.lists_with_stories(id, after));
        list!(document, "shares", before => self.clients.shares().shares(Some(id), before, PAGE_SIZE));
        document.raw(",");
        document.field("frame_bookmarks", &self.stories.list_frame_bookmarks(id, None).await?)?;
        document.raw(",");
        document
            .field("files", &self.store.files_of_client(client).await.map_err(AppError::from)?)?;
        document.open("stories")?;
        let mut after = None;
        loop {
            let page = StoryPage { after, offset: 0, limit: PAGE_SIZE };
            let page = self.stories.list_stories_page(id, page).await?;
            for story in &page.stories {
                document.next();
                self.write_story(story, document).await?;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        document.raw("]}");
        Ok(())
    }

    /// Writes a story with its files and all its frames, each with what was seen and heard for it.
    async fn write_story(
        &self,
        story: &StoryListView,
        document: &mut ExportWriter,
    ) -> Result<(), ExportError> {
        let mut fields = serde_json::to_value(story).map_err(AppError::internal)?;
        let id: Uuid = story.story_id.parse().map_err(AppError::internal)?;
        let files = self.store.files_of_story(id).await.map_err(AppError::from)?;
        let inputs: Vec<(i32, Option<String>, Option<String>)> =
            self.store.frame_inputs(id).await.map_err(AppError::from)?;
        let inputs: HashMap<i32, _> =
            inputs.into_iter().map(|(number, seen, heard)| (number, (seen, heard))).collect();
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("files".to_owned(), json!(files));
        }
        let text = fields.to_string();
        document.raw(text.strip_suffix('}').unwrap_or(&text));
        let id = id.to_string();
        list!(document, "frames", after => self.frames_with_inputs(&id, after, &inputs));
        document.raw("}");
        // `list!` reset the flag for the frames; the enclosing list of stories now has an item.
        document.is_empty = false;
        Ok(())
    }

    async fn frames_with_inputs(
        &self,
        story_id: &str,
        after: Option<i32>,
        inputs: &HashMap<i32, (Option<String>, Option<String>)>,
    ) -> Result<Page<Value, i32>, AppError> {
        let page = self.stories.list_frames_page(story_id, after, PAGE_SIZE).await;
        let Some(page) = none_if_not_found(page)? else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let mut items = Vec::with_capacity(page.items.len());
        for frame in page.items {
            let mut fields = serde_json::to_value(&frame).map_err(AppError::internal)?;
            if let Some((seen, heard)) = inputs.get(&frame.number) {
                fields["seen"] = json!(seen);
                fields["heard"] = json!(heard);
            }
            items.push(fields);
        }
        Ok(Page { items, next: page.next })
    }

    async fn lists_with_stories(
        &self,
        id: &ClientId,
        after: Option<String>,
    ) -> Result<Page<Value, String>, AppError> {
        let actor = Actor { principal: &Principal::LOCAL, client_id: Some(id) };
        let page = self.stories.own_lists(id, after.as_deref(), PAGE_SIZE).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for list in page.items {
            let (mut stories, mut before) = (Vec::new(), None);
            loop {
                let page = self.stories.read_list(actor, list.id, before, PAGE_SIZE).await;
                let Some((_, page)) = none_if_not_found(page)? else { break };
                stories.extend(page.items);
                before = page.next;
                if before.is_none() {
                    break;
                }
            }
            items.push(json!({"list": list, "stories": stories}));
        }
        Ok(Page { items, next: page.next })
    }
}

/// Converts a "not found" error to `None`. An export must not break off because a story or a list is deleted after its
/// page was read.
fn none_if_not_found<T>(result: Result<T, AppError>) -> Result<Option<T>, AppError> {
    match result {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// The reason why an export ends early.
enum ExportError {
    /// A query failed.
    Failed(AppError),
    /// The receiver was dropped.
    ReceiverDropped,
}

impl From<AppError> for ExportError {
    fn from(error: AppError) -> Self {
        Self::Failed(error)
    }
}

/// Writes the document and sends it in chunks.
struct ExportWriter {
    chunks: mpsc::Sender<Result<Bytes, AppError>>,
    buffer: Vec<u8>,
    /// Whether the current list has no item yet.
    is_empty: bool,
}

impl ExportWriter {
    fn raw(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
    }

    fn value(&mut self, value: &impl Serialize) -> Result<(), AppError> {
        serde_json::to_writer(&mut self.buffer, value).map_err(AppError::internal)
    }

    fn field(&mut self, name: &str, value: &impl Serialize) -> Result<(), AppError> {
        self.value(&name)?;
        self.raw(":");
        self.value(value)
    }

    /// Starts a further field that is a list.
    fn open(&mut self, name: &str) -> Result<(), AppError> {
        self.raw(",");
        self.value(&name)?;
        self.raw(":[");
        self.is_empty = true;
        Ok(())
    }

    /// Writes the separator before a list item.
    fn next(&mut self) {
        self.raw(if self.is_empty { "" } else { "," });
        self.is_empty = false;
    }

    /// Sends the buffered text as one chunk.
    async fn flush(&mut self) -> Result<(), ExportError> {
        let chunk = Bytes::from(std::mem::take(&mut self.buffer));
        self.chunks.send(Ok(chunk)).await.map_err(|_| ExportError::ReceiverDropped)
    }
}
