//! Reads stories with all their frames as version 1 of the API does, and resets the current story of a client.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Stories, StoryListView, StoryResponse, StoryView, can_add_frames, story_not_found};
use crate::app::AppError;
use crate::domain::ClientId;
use crate::store::{Story, StoryPage};

/// Maximum number of stories in v1's list, which has no pages.
const MAX_LISTED: i64 = 1000;

/// Options for reading a story.
#[derive(Debug)]
pub struct ReadOptions {
    /// Id of the request, which the response repeats.
    pub request_id: String,
    /// Whether to fill `debug_data`.
    pub debug: bool,
}

impl Stories {
    /// Returns a story with all its frames. Without an id, returns the client's current story, and creates one if the
    /// client has none.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`](crate::app::ErrorKind::NotFound) if the id is unknown.
    pub async fn read_story(
        &self,
        client_id: &ClientId,
        story_id: Option<&str>,
        options: ReadOptions,
    ) -> Result<StoryResponse, AppError> {
        let story = match story_id {
            Some(id) => self.find_story(id).await?,
            None => self.current_or_new_story(client_id).await?,
        };
        self.full_response(&story, client_id, options).await
    }

    /// Returns the story with this slug with all its frames.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`](crate::app::ErrorKind::NotFound) if the slug is unknown.
    pub async fn read_story_by_slug(
        &self,
        client_id: &ClientId,
        slug: &str,
        options: ReadOptions,
    ) -> Result<StoryResponse, AppError> {
        if slug.contains('\0') {
            return Err(story_not_found());
        }
        let id = self.store.story_id_by_slug(slug).await?.ok_or_else(story_not_found)?;
        let story = self.store.story(id).await?.ok_or_else(story_not_found)?;
        self.full_response(&story, client_id, options).await
    }

    /// Returns the client's own stories that have frames, last updated first.
    pub async fn list_stories(&self, client_id: &ClientId) -> Result<Vec<StoryListView>, AppError> {
        let client_id = client_id.as_str();
        let stories = self.store.stories_of_client(client_id, StoryPage::first(MAX_LISTED)).await?;
        let shared = self.current_flock_story(client_id).await?;
        let started = stories.into_iter().filter(|story| story.frame_count > 0);
        Ok(started.map(|story| StoryListView::from_row(story, client_id, shared)).collect())
    }

    /// Returns the story that a client currently shares with its flock, or `None` if it shares none.
    pub(in crate::app) async fn current_flock_story(
        &self,
        client_id: &str,
    ) -> Result<Option<Uuid>, AppError> {
        let levels = self.config.levels(client_id).await?;
        let Some(flock_id) = &levels.followed_flock else { return Ok(None) };
        let strategy = self.config.resolve_current(client_id, &levels).await?.resolved.strategy;
        Ok(self.store.flock_story(flock_id, &strategy.slug).await?)
    }

    /// Unsets the client's current story, so that its next frame starts a new one.
    pub async fn reset_story(&self, client_id: &ClientId) -> Result<(), AppError> {
        let now = self.clock.now();
        let client_id = client_id.as_str();
        let levels = self.config.levels(client_id).await?;
        let mut tx = self.store.begin().await?;
        let Some(current) = tx.lock_client(client_id, now).await? else { return Ok(()) };
        let story = tx.story(current).await?;
        if let Some(story) = &story
            && let Some(flock_id) =
                story.flock_id.as_ref().filter(|_| story.flock_id == levels.followed_flock)
        {
            // A shared story ends for all members of the flock.
            tx.lock_flock_story(flock_id, &story.strategy, now).await?;
            tx.set_flock_story(flock_id, &story.strategy, None, now).await?;
        }
        // A story without frames and tasks is as good as a new one.
        if story.is_some_and(|story| story.frame_count == 0) && !tx.story_has_tasks(current).await?
        {
            return Ok(());
        }
        tx.set_current_story(client_id, None, now).await?;
        Ok(tx.save().await?)
    }

    /// Returns the client's current story. If the client has none, saves an empty one.
    pub(in crate::app) async fn current_or_new_story(
        &self,
        client_id: &ClientId,
    ) -> Result<Story, AppError> {
        let client_id = client_id.as_str();
        let levels = self.config.levels(client_id).await?;
        let resolved = self.config.resolve_current(client_id, &levels).await?.resolved;
        if let Some(story) =
            self.find_current_story(client_id, &levels, &resolved.strategy.slug).await?
        {
            return Ok(story);
        }
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        // Another request may have created a story in the meantime.
        let id = match tx.lock_client(client_id, now).await? {
            Some(id) => id,
            None => {
                let id = self.create_story(&mut tx, client_id, &resolved.strategy, None).await?;
                tx.set_current_story(client_id, Some(id), now).await?;
                id
            }
        };
        tx.save().await?;
        self.store.story(id).await?.ok_or_else(story_not_found)
    }

    async fn full_response(
        &self,
        story: &Story,
        client_id: &ClientId,
        options: ReadOptions,
    ) -> Result<StoryResponse, AppError> {
        let frames = self.store.frames(story.id).await?;
        let levels = self.config.levels(client_id.as_str()).await?;
        let view = StoryView::from_story(story, can_add_frames(story, client_id.as_str(), &levels));
        let now = self.generation_date();
        let response = StoryResponse::for_read(frames, view, options.request_id, now);
        let debug_data = if options.debug { debug_data(story) } else { Map::new() };
        Ok(StoryResponse { debug_data, ..response })
    }
}

fn debug_data(story: &Story) -> Map<String, Value> {
    let fields = [
        ("story_id", json!(story.id)),
        ("story_title", json!(story.title)),
        ("thoth_link", Value::Null),
        (&story.storyteller, story.state.clone()),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
