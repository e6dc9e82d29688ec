//! Branches: a new story that begins with the frames of another one, up to one of them.
//!
//! A branch keeps copies of the frames' rows and shares their files. So a branch stays whole if the story that it began
//! with is deleted, and a file is removed with its last use. Each copy names the client that its frame was told for: if
//! that client is erased, its frames are emptied in every branch.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Stories, story_not_found, validate_title};
use crate::app::{Actor, AppError, ErrorKind};
use crate::domain::{ClientId, EventKind, FrameKey, slug_base, story_title};
use crate::store::{BranchOrigin, NewBranch, NewStory, Story, StoryTitle, Tx};

/// How often a branch is written again because another story took its slug at the same moment.
const MAX_ATTEMPTS: usize = 3;

/// Where to branch off, and how the new story is called.
#[derive(Debug, Clone, Default)]
pub struct BranchRequest {
    /// Number of the last frame that the new story begins with.
    pub after: i32,
    /// Title of the new story; `None` for that of the story it begins with.
    pub title: Option<String>,
    /// Whether to return the client's current story if it is such a branch already and has no frame of its own. A form
    /// that is sent twice then makes one story.
    pub reuses_untouched: bool,
}

/// The story that a branch begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BranchOriginView {
    /// Id of the story.
    pub story_id: Uuid,
    /// Slug of the story; empty if it has none.
    pub slug: String,
    /// Number of the last frame that the branch begins with, from 0.
    pub number: i32,
}

impl From<BranchOrigin> for BranchOriginView {
    fn from(origin: BranchOrigin) -> Self {
        let BranchOrigin { story_id, slug, number, .. } = origin;
        Self { story_id, slug: slug.unwrap_or_default(), number }
    }
}

impl Stories {
    /// Creates a story for a client that begins with the frames of another story, and makes it the client's current one.
    /// Returns its id.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if the story is unknown, or is of a private Sparrow that the actor does not act
    /// for, and with [`ErrorKind::Invalid`] if the story has no such frame or the title cannot be used.
    pub async fn branch_story(
        &self,
        actor: Actor<'_>,
        client_id: &ClientId,
        story_id: &str,
        request: &BranchRequest,
    ) -> Result<Uuid, AppError> {
        let story = self.find_story(story_id).await?;
        let readable = self.store.readable_story_by_id(story.id).await?;
        let readable = readable.ok_or_else(story_not_found)?;
        if readable.is_private && !actor.can_change(&story.client_id) {
            return Err(story_not_found());
        }
        let title = request.title.as_deref().map(validate_title).transpose()?;
        let mut attempt = 1;
        loop {
            match self.write_branch(client_id.as_str(), &story, title.as_deref(), request).await {
                Err(BranchError::SlugTaken) if attempt < MAX_ATTEMPTS => attempt += 1,
                Err(BranchError::SlugTaken) => {
                    let detail = "Many stories get the same name at the moment; try again.";
                    return Err(AppError::new(ErrorKind::Busy, detail));
                }
                Err(BranchError::Other(error)) => return Err(error),
                Ok(id) => {
                    tracing::info!(story_id = %id, from = %story.id, "story branched");
                    return Ok(id);
                }
            }
        }
    }

    async fn write_branch(
        &self,
        client_id: &str,
        story: &Story,
        title: Option<&str>,
        request: &BranchRequest,
    ) -> Result<Uuid, BranchError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        // The lock keeps the frames and their files while they are copied. It comes before the client's, in the order in
        // which the deletion of a story takes them.
        if !tx.lock_story(story.id).await? {
            return Err(story_not_found().into());
        }
        let story = tx.story(story.id).await?.ok_or_else(story_not_found)?;
        let last = FrameKey { story_id: story.id, number: request.after };
        let state = state_after(&mut tx, &story, last).await?;
        let current = tx.lock_client(client_id, now).await?;
        if request.reuses_untouched
            && let Some(current) = current
            && let Some(branch) = tx.story(current).await?
            && branch.branched_from_id == Some(story.id)
            && branch.branched_from_number == Some(last.number)
            && branch.frame_count == last.number + 1
        {
            return Ok(branch.id);
        }
        let id = Uuid::now_v7();
        let new = NewStory {
            id,
            client_id,
            flock_id: None,
            strategy: &story.strategy,
            storyteller: &story.storyteller,
            now,
        };
        tx.create_story(new).await?;
        let is_same_client = story.client_id == client_id;
        let branch = NewBranch { story_id: id, last, is_same_client, state: &state, now };
        tx.copy_frames(&branch).await?;
        let title = title.unwrap_or(&story.title);
        let slug = if title.is_empty() {
            String::new()
        } else {
            let slug_base = slug_base(title);
            let name = StoryTitle { title, slug_base: &slug_base };
            match tx.set_story_title(id, name).await {
                Err(error) if error.is_conflict() => return Err(BranchError::SlugTaken),
                named => named?,
            }
        };
        tx.set_current_story(client_id, Some(id), now).await?;
        if let Some(previous) = current {
            tx.delete_empty_story(previous).await?;
        }
        let payload = json!({"title": title, "slug": slug});
        tx.publish(EventKind::Story, Some(client_id), Some(id), payload, now);
        tx.save().await?;
        Ok(id)
    }

    /// Returns the story that a branch begins with; `None` if the story is no branch or its origin is gone.
    pub async fn branch_origin(
        &self,
        story_id: Uuid,
        branched_from: Option<Uuid>,
    ) -> Result<Option<BranchOrigin>, AppError> {
        match branched_from {
            Some(_) => Ok(self.store.branch_origin(story_id).await?),
            None => Ok(None),
        }
    }

    /// Empties the frames of a story that were copied from those of an erased client. The caller must have locked the
    /// story. Returns the keys of the files that the caller has to remove.
    pub(in crate::app) async fn erase_copied_frames(
        &self,
        tx: &mut Tx,
        story_id: Uuid,
        client_id: &str,
    ) -> Result<Vec<String>, AppError> {
        let now = self.clock.now();
        let story = tx.story(story_id).await?.ok_or_else(story_not_found)?;
        let first = tx.first_copied_text(story_id, client_id).await?;
        let keys = tx.empty_copied_frames(story_id, client_id).await?;
        let erased = first.map(|text| story_title(&text)).unwrap_or_default();
        let has_slug_of = |title: &str| {
            let slug = story.slug.as_deref().unwrap_or_default();
            !title.is_empty() && slug.starts_with(&slug_base(title))
        };
        // The title and the slug are made of the first words, which must not stay either.
        if story.title == erased || has_slug_of(&erased) {
            let title = if story.title == erased {
                tx.first_text(story_id).await?.map(|text| story_title(&text)).unwrap_or_default()
            } else {
                story.title.clone()
            };
            tx.clear_story_title(story_id).await?;
            let mut slug = String::new();
            if !title.is_empty() {
                let name = StoryTitle { title: &title, slug_base: &slug_base(&title) };
                slug = tx.set_story_title(story_id, name).await?;
            }
            let payload = json!({"title": title, "slug": slug});
            tx.publish(EventKind::Story, Some(&story.client_id), Some(story_id), payload, now);
        }
        Ok(keys)
    }
}

/// Returns the state of a story after one of its frames.
async fn state_after(tx: &mut Tx, story: &Story, last: FrameKey) -> Result<Value, AppError> {
    if last.number < 0 || last.number >= story.frame_count {
        let reason = match story.frame_count {
            0 => "the story has no frame yet; wait until its first one is told".to_owned(),
            count => format!("must be the number of a frame of the story, 0 to {}", count - 1),
        };
        return Err(AppError::invalid("after", reason));
    }
    if last.number == story.frame_count - 1 {
        return Ok(story.state.clone());
    }
    let next = FrameKey { number: last.number + 1, ..last };
    Ok(tx.state_before(next).await?.unwrap_or(Value::Null))
}

/// Why a branch was not written.
#[derive(Debug)]
enum BranchError {
    /// Another story took the slug at the same moment.
    SlugTaken,
    Other(AppError),
}

impl<E: Into<AppError>> From<E> for BranchError {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}
