//! Which story a frame belongs to, and who may add to it.

use uuid::Uuid;

use super::accept::{FrameOrder, WhichStory};
use super::configuration::ClientLevels;
use super::{App, AppError, ErrorKind};
use crate::domain::slug_base;
use crate::store::{NewStory, Story, Strategy, Title, Tx};

/// Whether a client may add to a story: it is its own, or that of the flock whose story it shares.
pub(super) fn may_add(story: &Story, client_id: &str, levels: &ClientLevels) -> bool {
    story.client_id == client_id || (story.flock_id.is_some() && story.flock_id == levels.follows)
}

impl App {
    /// The story that an order names.
    pub(super) async fn asked_story(
        &self,
        order: &FrameOrder,
        levels: &ClientLevels,
    ) -> Result<Option<Story>, AppError> {
        let WhichStory::This(asked) = &order.story else { return Ok(None) };
        let story = self.find_story(asked).await?;
        if may_add(&story, order.client_id.as_str(), levels) {
            return Ok(Some(story));
        }
        let detail = "This story was made for another Sparrow and can only be read; leave story_id out to begin your own.";
        Err(AppError::new(ErrorKind::NotYours, detail))
    }

    /// The story that an order without one goes into; `current` is the one that the client, locked before, is in.
    pub(super) async fn story_for(
        &self,
        tx: &mut Tx,
        order: &FrameOrder,
        current: Option<Uuid>,
        levels: &ClientLevels,
        strategy: &Strategy,
    ) -> Result<Uuid, AppError> {
        let is_new = matches!(order.story, WhichStory::New { .. });
        let story_id = match &levels.follows {
            Some(flock_id) => self.shared_story(tx, order, flock_id, strategy, is_new).await?,
            None => self.own_story(tx, order, current, strategy, is_new).await?,
        };
        if let WhichStory::New { title: Some(title) } = &order.story {
            let slug_base = slug_base(title);
            tx.name_story(story_id, Title { title, slug_base: &slug_base }).await?;
        }
        Ok(story_id)
    }

    /// The story that a flock's members share under a strategy.
    async fn shared_story(
        &self,
        tx: &mut Tx,
        order: &FrameOrder,
        flock_id: &str,
        strategy: &Strategy,
        is_new: bool,
    ) -> Result<Uuid, AppError> {
        let now = self.clock.now();
        let shared = tx.lock_flock_story(flock_id, &strategy.slug, now).await?;
        if let Some(story_id) = shared.filter(|_| !is_new) {
            return Ok(story_id);
        }
        let client_id = order.client_id.as_str();
        let story_id = self.begin_story(tx, client_id, strategy, Some(flock_id)).await?;
        tx.set_flock_story(flock_id, &strategy.slug, Some(story_id), now).await?;
        Ok(story_id)
    }

    /// The client's current story if it is of this strategy, or has nothing in it yet; else a new one.
    async fn own_story(
        &self,
        tx: &mut Tx,
        order: &FrameOrder,
        current: Option<Uuid>,
        strategy: &Strategy,
        is_new: bool,
    ) -> Result<Uuid, AppError> {
        let client_id = order.client_id.as_str();
        let current = match current {
            Some(id) => tx.story(id).await?,
            None => None,
        };
        // The story of a flock that the client has left is not its own.
        if let Some(story) =
            current.filter(|story| story.client_id == client_id && story.flock_id.is_none())
        {
            let is_empty = story.frame_count == 0 && story.slug.is_none();
            if story.strategy == strategy.slug && !is_new {
                return Ok(story.id);
            }
            if is_empty && !tx.story_has_tasks(story.id).await? {
                tx.change_strategy(story.id, &strategy.slug, &strategy.strategy_name).await?;
                return Ok(story.id);
            }
        }
        self.begin_story(tx, client_id, strategy, None).await
    }

    /// Creates an empty story for a client.
    pub(super) async fn begin_story(
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
