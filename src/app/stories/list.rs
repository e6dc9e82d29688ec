//! Lists stories and frames in pages, as version 2 of the API reads them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    BranchOriginView, FrameView, Stories, StoryListView, StoryResponse, StoryView, can_add_frames,
};
use crate::app::jobs::{failure_detail, story_lane};
use crate::app::{Actor, AppError, ErrorKind, Page};
use crate::domain::{ClientId, TaskStatus};
use crate::store::{Story, StoryListing, StoryPage};

/// A story with its title and status.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoryDetail {
    /// The story. `frames` is empty unless the request asks for frames.
    #[serde(flatten)]
    pub story: StoryResponse,
    /// Title of the story: the name it was given, or else its first text on one line.
    pub title: String,
    /// Whether a frame of the story is being told.
    pub status: StoryStatus,
    /// The story that this one branched off from; null if there is none, or it was deleted.
    pub branched_from: Option<BranchOriginView>,
}

/// The status of a story.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoryStatus {
    /// `running` if a frame is being told, `pending` if one waits to be told, else `idle`.
    pub status: &'static str,
    /// Id of the running or pending task, or else of the last one; null if the story has no tasks.
    pub task_id: Option<Uuid>,
    /// Why the last task failed; null if it did not fail.
    pub error: Option<String>,
}

/// A frame with its number.
#[derive(Debug, Serialize, ToSchema)]
pub struct NumberedFrame {
    /// Number of the frame in its story, from 0.
    pub number: i32,
    /// The frame.
    #[serde(flatten)]
    pub frame: FrameView,
}

/// A position in a client's list of stories: the time of a story's last update, and its id.
pub type StoryCursor = (DateTime<Utc>, Uuid);

/// A page of a client's stories.
#[derive(Debug)]
pub struct StoryListPage {
    /// The stories, last updated first.
    pub stories: Vec<StoryListView>,
    /// Number of all stories of the client.
    pub total: i64,
    /// Cursor of the next page; `None` on the last page.
    pub next: Option<StoryCursor>,
}

impl Stories {
    /// Returns a story as the actor sees it.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if the id is unknown.
    pub async fn story_detail(
        &self,
        actor: Actor<'_>,
        story_id: &str,
        with_frames: bool,
        request_id: String,
    ) -> Result<StoryDetail, AppError> {
        let story = self.find_story(story_id).await?;
        let frames = if with_frames { self.store.frames(story.id).await? } else { Vec::new() };
        let can_add = self.can_actor_add_frames(actor, &story).await?;
        let view = StoryView::from_story(&story, can_add);
        let status = self.story_status(story.id).await?;
        let response = StoryResponse::for_read(frames, view, request_id, self.generation_date());
        let origin = self.branch_origin(story.id, story.branched_from_id).await?;
        let branched_from = origin.map(BranchOriginView::from);
        Ok(StoryDetail { story: response, title: story.title, status, branched_from })
    }

    async fn can_actor_add_frames(
        &self,
        actor: Actor<'_>,
        story: &Story,
    ) -> Result<bool, AppError> {
        let Some(client_id) = actor.client_id else { return Ok(false) };
        let levels = self.config.levels(client_id.as_str()).await?;
        Ok(can_add_frames(story, client_id.as_str(), &levels))
    }

    pub(super) async fn story_status(&self, story_id: Uuid) -> Result<StoryStatus, AppError> {
        if let Some(open) = self.store.open_task(&story_lane(story_id)).await? {
            let is_running = open.status == TaskStatus::Running;
            let status = if is_running { "running" } else { "pending" };
            return Ok(StoryStatus { status, task_id: Some(open.id), error: None });
        }
        let last = self.store.last_task_of_story(story_id).await?;
        let failed = last.as_ref().filter(|task| task.status == TaskStatus::Failed);
        let error = failed.and_then(|task| failure_detail(task.error.as_ref()));
        Ok(StoryStatus { status: "idle", task_id: last.map(|task| task.id), error })
    }

    /// Returns a page of a client's stories, including those without frames.
    pub async fn list_stories_page(
        &self,
        client_id: &ClientId,
        page: StoryPage,
    ) -> Result<StoryListPage, AppError> {
        let client_id = client_id.as_str();
        let total = self.store.count_stories(client_id).await?;
        let limit = page.limit;
        let one_more = StoryPage { limit: limit + 1, ..page };
        let rows = self.store.stories_of_client(client_id, one_more).await?;
        let shared = self.current_flock_story(client_id).await?;
        let cursor = |row: &StoryListing| (row.date_updated, row.id);
        let page = Page::from_rows_with(rows, limit, cursor, |row| {
            StoryListView::from_row(row, client_id, shared)
        });
        Ok(StoryListPage { stories: page.items, total, next: page.next })
    }

    /// Returns a page of a story's frames, starting after the frame number `after`.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if the story is unknown.
    pub async fn list_frames_page(
        &self,
        story_id: &str,
        after: Option<i32>,
        limit: i64,
    ) -> Result<Page<NumberedFrame, i32>, AppError> {
        let story = self.find_story(story_id).await?;
        let rows = self.store.frames_after(story.id, after.unwrap_or(-1), limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |row| row.number))
    }

    /// Returns one frame of a story.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if the story is unknown or has no frame with this number.
    pub async fn frame(&self, story_id: &str, number: &str) -> Result<NumberedFrame, AppError> {
        let story = self.find_story(story_id).await?;
        let number = parse_frame_number(number)?;
        let rows = self.store.frames_after(story.id, number - 1, 1).await?;
        let row = rows.into_iter().find(|row| row.number == number);
        row.map(NumberedFrame::from).ok_or_else(frame_not_found)
    }
}

impl From<crate::store::FrameRow> for NumberedFrame {
    fn from(row: crate::store::FrameRow) -> Self {
        Self { number: row.number, frame: FrameView::from_row(row) }
    }
}

/// Parses a frame number from a path segment. A malformed number is reported as "not found".
pub(in crate::app) fn parse_frame_number(text: &str) -> Result<i32, AppError> {
    text.parse().ok().filter(|number| *number >= 0).ok_or_else(frame_not_found)
}

pub(in crate::app) fn frame_not_found() -> AppError {
    AppError::new(
        ErrorKind::NotFound,
        "The story has no frame with this number; numbers start at 0.",
    )
}
