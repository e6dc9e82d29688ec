//! Everything that is held about a client, as one JSON document. It is written while it is read: a client may have thousands
//! of frames.

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

/// Rows that are read at once.
const PAGE_SIZE: i64 = 100;

/// Pieces that may wait for whoever reads.
const CHANNEL_CAPACITY: usize = 8;

/// Writes a further field: all items of a list, part by part.
macro_rules! list {
    ($document:ident, $name:literal, $after:ident => $part:expr) => {{
        $document.open($name)?;
        let mut $after = None;
        loop {
            let page = $part.await?;
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

/// Pieces of a document, in order. An error is the last of them, and leaves the document unfinished.
pub type ExportStream = mpsc::Receiver<Result<Bytes, AppError>>;

impl Ops {
    /// Begins to write a client's document. It ends when nobody reads on.
    #[must_use]
    pub fn export(&self, client_id: ClientId) -> ExportStream {
        let (pieces, export) = mpsc::channel(CHANNEL_CAPACITY);
        let ops = self.clone();
        tokio::spawn(async move {
            let mut document = ExportWriter { pieces, buffer: Vec::new(), is_empty: true };
            let ended = match ops.write_export(&client_id, &mut document).await {
                Ok(()) => document.flush().await,
                Err(error) => Err(error),
            };
            if let Err(ExportError::Failed(error)) = ended {
                // Whoever has gone away does not hear it.
                let _ = document.pieces.send(Err(error)).await;
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
        document.raw(",");
        document.field("frame_bookmarks", &self.stories.list_frame_bookmarks(id, None).await?)?;
        document.raw(",");
        document
            .field("files", &self.store.files_of_client(client).await.map_err(AppError::from)?)?;
        document.open("stories")?;
        let mut after = None;
        loop {
            let part = StoryPage { after, offset: 0, limit: PAGE_SIZE };
            let part = self.stories.list_stories_page(id, part).await?;
            for story in &part.stories {
                document.next();
                self.write_story(story, document).await?;
            }
            after = part.next;
            if after.is_none() {
                break;
            }
        }
        document.raw("]}");
        Ok(())
    }

    /// A story with all its frames, what they were told from, and their files.
    async fn write_story(
        &self,
        story: &StoryListView,
        document: &mut ExportWriter,
    ) -> Result<(), ExportError> {
        let mut fields = serde_json::to_value(story).map_err(AppError::internal)?;
        let id: Uuid = story.story_id.parse().map_err(AppError::internal)?;
        let files = self.store.files_of_story(id).await.map_err(AppError::from)?;
        let taken: Vec<(i32, Option<String>, Option<String>)> =
            self.store.seen_and_heard(id).await.map_err(AppError::from)?;
        let taken: HashMap<i32, _> =
            taken.into_iter().map(|(number, seen, heard)| (number, (seen, heard))).collect();
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("files".to_owned(), json!(files));
        }
        let text = fields.to_string();
        document.raw(text.strip_suffix('}').unwrap_or(&text));
        let id = id.to_string();
        list!(document, "frames", after => self.frames_with_inputs(&id, after, &taken));
        document.raw("}");
        // The list of stories goes on.
        document.is_empty = false;
        Ok(())
    }

    async fn frames_with_inputs(
        &self,
        story_id: &str,
        after: Option<i32>,
        taken: &HashMap<i32, (Option<String>, Option<String>)>,
    ) -> Result<Page<Value, i32>, AppError> {
        let page = self.stories.list_frames_page(story_id, after, PAGE_SIZE).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for frame in page.items {
            let mut fields = serde_json::to_value(&frame).map_err(AppError::internal)?;
            if let Some((seen, heard)) = taken.get(&frame.number) {
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
            let (mut kept, mut before) = (Vec::new(), None);
            loop {
                let (_, part) = self.stories.read_list(actor, list.id, before, PAGE_SIZE).await?;
                kept.extend(part.items);
                before = part.next;
                if before.is_none() {
                    break;
                }
            }
            items.push(json!({"list": list, "stories": kept}));
        }
        Ok(Page { items, next: page.next })
    }
}

/// What was found; nothing where there is no such thing.
fn none_if_not_found<T>(answer: Result<T, AppError>) -> Result<Option<T>, AppError> {
    match answer {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}

/// Why a document ends early.
enum ExportError {
    /// Something failed.
    Failed(AppError),
    /// Nobody reads on.
    ReceiverDropped,
}

impl From<AppError> for ExportError {
    fn from(error: AppError) -> Self {
        Self::Failed(error)
    }
}

/// A document under way.
struct ExportWriter {
    pieces: mpsc::Sender<Result<Bytes, AppError>>,
    buffer: Vec<u8>,
    /// Whether the list that is being written has no item yet.
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

    /// Begins a further field that is a list.
    fn open(&mut self, name: &str) -> Result<(), AppError> {
        self.raw(",");
        self.value(&name)?;
        self.raw(":[");
        self.is_empty = true;
        Ok(())
    }

    /// Parts an item of a list from the one before.
    fn next(&mut self) {
        self.raw(if self.is_empty { "" } else { "," });
        self.is_empty = false;
    }

    /// Hands on what is written.
    async fn flush(&mut self) -> Result<(), ExportError> {
        let piece = Bytes::from(std::mem::take(&mut self.buffer));
        self.pieces.send(Ok(piece)).await.map_err(|_| ExportError::ReceiverDropped)
    }
}
