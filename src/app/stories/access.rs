//! Decides who may read, continue and change a story, and which story a new frame belongs to.

use uuid::Uuid;

use super::{Stories, story_not_found};
use crate::app::config::ClientLevels;
use crate::app::{Actor, AppError, ErrorKind};
use crate::domain::slug_base;
use crate::store::{NewStory, Story, StoryTitle, Strategy, Tx};

/// The story that a frame request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorySelector {
    /// The client's current story if it has the same strategy, else a new one.
    Current,
    /// A new story.
    New {
        /// Title of the story; `None` to use its first text.
        title: Option<String>,
    },
    /// The story with this id.
    ById(String),
}

/// What decides which story a new frame belongs to.
pub(in crate::app) struct StoryTarget<'a> {
    /// The client, which the caller must have locked.
    pub(in crate::app) client_id: &'a str,
    /// The story that the client asked for.
    pub(in crate::app) selector: &'a StorySelector,
    /// The client's current story.
    pub(in crate::app) current_story: Option<Uuid>,
    pub(in crate::app) levels: &'a ClientLevels,
    pub(in crate::app) strategy: &'a Strategy,
}

impl StoryTarget<'_> {
    fn is_new(&self) -> bool {
        matches!(self.selector, StorySelector::New { .. })
    }
}

/// Returns whether a client may add frames to a story: if the story is its own, or belongs to the flock that it
/// follows.
pub(in crate::app) fn can_add_frames(
    story: &Story,
    client_id: &str,
    levels: &ClientLevels,
) -> bool {
    story.client_id == client_id
        || (story.flock_id.is_some() && story.flock_id == levels.followed_flock)
}

impl Stories {
    /// Returns a story by its id, or by the id that it had in the installation it was imported from.
    pub(in crate::app) async fn find_story(&self, id: &str) -> Result<Story, AppError> {
        if let Ok(id) = id.parse::<Uuid>()
            && let Some(story) = self.store.story(id).await?
        {
            return Ok(story);
        }
        // PostgreSQL rejects text with a NUL.
        if id.contains('\0') {
            return Err(story_not_found());
        }
        // A legacy id may be a UUID too, so a UUID that is not found is also looked up as a legacy id.
        let id = self.store.story_id_by_legacy_id(id).await?.ok_or_else(story_not_found)?;
        self.store.story(id).await?.ok_or_else(story_not_found)
    }

    /// Returns a story if the actor may change it.
    pub(in crate::app) async fn find_changeable_story(
        &self,
        actor: Actor<'_>,
        story_id: &str,
    ) -> Result<Story, AppError> {
        let story = self.find_story(story_id).await?;
        if actor.can_change(&story.client_id) {
            return Ok(story);
        }
        let detail = "This story was made for another Sparrow and can only be read; send that one's client_id if you speak for it.";
        Err(AppError::new(ErrorKind::Forbidden, detail))
    }

    /// Returns a story if the client may add frames to it.
    pub(in crate::app) async fn find_continuable_story(
        &self,
        client_id: &str,
        story_id: &str,
        levels: &ClientLevels,
    ) -> Result<Story, AppError> {
        let story = self.find_story(story_id).await?;
        if can_add_frames(&story, client_id, levels) {
            return Ok(story);
        }
        let detail = "This story was made for another Sparrow and can only be read; leave story_id out to begin your own.";
        Err(AppError::new(ErrorKind::Forbidden, detail))
    }

    /// Returns the client's current story: the one that it shares with its flock under a strategy, or else its own.
    pub(in crate::app) async fn find_current_story(
        &self,
        client_id: &str,
        levels: &ClientLevels,
        strategy: &str,
    ) -> Result<Option<Story>, AppError> {
        let shared = match &levels.followed_flock {
            Some(flock_id) => self.store.flock_story(flock_id, strategy).await?,
            None => None,
        };
        let current = match shared {
            Some(id) => Some(id),
            None => self.store.current_story(client_id).await?,
        };
        match current {
            Some(id) => Ok(self.store.story(id).await?),
            None => Ok(None),
        }
    }

    /// Returns the story for a frame whose request names no story id, and creates one if necessary.
    pub(in crate::app) async fn resolve_story(
        &self,
        tx: &mut Tx,
        target: &StoryTarget<'_>,
    ) -> Result<Uuid, AppError> {
        let story_id = match &target.levels.followed_flock {
            Some(flock_id) => self.resolve_flock_story(tx, target, flock_id).await?,
            None => self.resolve_own_story(tx, target).await?,
        };
        if let StorySelector::New { title: Some(title) } = target.selector {
            let slug_base = slug_base(title);
            tx.set_story_title(story_id, StoryTitle { title, slug_base: &slug_base }).await?;
        }
        Ok(story_id)
    }

    /// Returns the story that a flock's members share under a strategy, and creates one if necessary.
    async fn resolve_flock_story(
        &self,
        tx: &mut Tx,
        target: &StoryTarget<'_>,
        flock_id: &str,
    ) -> Result<Uuid, AppError> {
        let (now, strategy) = (self.clock.now(), target.strategy);
        let shared = tx.lock_flock_story(flock_id, &strategy.slug, now).await?;
        if let Some(story_id) = shared.filter(|_| !target.is_new()) {
            return Ok(story_id);
        }
        let story_id = self.create_story(tx, target.client_id, strategy, Some(flock_id)).await?;
        tx.set_flock_story(flock_id, &strategy.slug, Some(story_id), now).await?;
        Ok(story_id)
    }

    /// Returns the client's current story if it has this strategy or is still empty; else creates a new one.
    async fn resolve_own_story(
        &self,
        tx: &mut Tx,
        target: &StoryTarget<'_>,
    ) -> Result<Uuid, AppError> {
        let (client_id, strategy) = (target.client_id, target.strategy);
        let current = match target.current_story {
            Some(id) => tx.story(id).await?,
            None => None,
        };
        // The story of a flock that the client has left is not the client's own.
        if let Some(story) =
            current.filter(|story| story.client_id == client_id && story.flock_id.is_none())
        {
            let is_empty = story.frame_count == 0 && story.slug.is_none();
            if story.strategy == strategy.slug && !target.is_new() {
                return Ok(story.id);
            }
            if is_empty && !tx.story_has_tasks(story.id).await? {
                tx.update_strategy(story.id, &strategy.slug, &strategy.strategy_name).await?;
                return Ok(story.id);
            }
        }
        self.create_story(tx, client_id, strategy, None).await
    }

    /// Creates an empty story for a client.
    pub(super) async fn create_story(
        &self,
        tx: &mut Tx,
        client_id: &str,
        strategy: &Strategy,
        flock_id: Option<&str>,
    ) -> Result<Uuid, AppError> {
        let (id, now) = (Uuid::now_v7(), self.clock.now());
        let (strategy, storyteller) = (&strategy.slug, &strategy.strategy_name);
        tx.create_story(NewStory { id, client_id, flock_id, strategy, storyteller, now }).await?;
        Ok(id)
    }
}
