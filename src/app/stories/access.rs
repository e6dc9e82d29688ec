//! Who may read, continue and change a story, and which story a new frame belongs to.

use uuid::Uuid;

use super::{Stories, no_story};
use crate::app::config::ClientLevels;
use crate::app::{Actor, AppError, ErrorKind};
use crate::domain::slug_base;
use crate::store::{NewStory, Story, Strategy, Title, Tx};

/// Which story an order is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichStory {
    /// The one that the client is in, if the strategy is the same; else a new one.
    Current,
    /// A new one.
    New {
        /// What it is called; without it, it takes its name from its first text.
        title: Option<String>,
    },
    /// The one with this id.
    This(String),
}

/// A story that a frame without one goes into: what decides which one it is.
pub(in crate::app) struct StoryWanted<'a> {
    /// The client, locked before.
    pub(in crate::app) client_id: &'a str,
    /// Which story the client asked for.
    pub(in crate::app) story: &'a WhichStory,
    /// The story that the client is in.
    pub(in crate::app) current: Option<Uuid>,
    pub(in crate::app) levels: &'a ClientLevels,
    pub(in crate::app) strategy: &'a Strategy,
}

impl StoryWanted<'_> {
    fn is_new(&self) -> bool {
        matches!(self.story, WhichStory::New { .. })
    }
}

/// Whether a client may add to a story: it is its own, or that of the flock whose story it shares.
pub(in crate::app) fn may_add(story: &Story, client_id: &str, levels: &ClientLevels) -> bool {
    story.client_id == client_id || (story.flock_id.is_some() && story.flock_id == levels.follows)
}

impl Stories {
    /// A story by its id, or by the id it had where it was imported from.
    pub(in crate::app) async fn find_story(&self, id: &str) -> Result<Story, AppError> {
        if let Ok(id) = id.parse::<Uuid>()
            && let Some(story) = self.store.story(id).await?
        {
            return Ok(story);
        }
        // PostgreSQL takes no NUL in a text.
        if id.contains('\0') {
            return Err(no_story());
        }
        // A former id may look like one of ours.
        let id = self.store.story_id_of_legacy_id(id).await?.ok_or_else(no_story)?;
        self.store.story(id).await?.ok_or_else(no_story)
    }

    /// A story that the actor may change.
    pub(in crate::app) async fn story_to_change(
        &self,
        actor: Actor<'_>,
        story_id: &str,
    ) -> Result<Story, AppError> {
        let story = self.find_story(story_id).await?;
        if actor.may_change(&story.client_id) {
            return Ok(story);
        }
        let detail = "This story was made for another Sparrow and can only be read; send that one's client_id if you speak for it.";
        Err(AppError::new(ErrorKind::NotYours, detail))
    }

    /// The story that a client names, if it may add to it.
    pub(in crate::app) async fn story_to_continue(
        &self,
        client_id: &str,
        story_id: &str,
        levels: &ClientLevels,
    ) -> Result<Story, AppError> {
        let story = self.find_story(story_id).await?;
        if may_add(&story, client_id, levels) {
            return Ok(story);
        }
        let detail = "This story was made for another Sparrow and can only be read; leave story_id out to begin your own.";
        Err(AppError::new(ErrorKind::NotYours, detail))
    }

    /// The story that a client is in: the one that it shares with its flock under a strategy, or its own.
    pub(in crate::app) async fn story_of(
        &self,
        client_id: &str,
        levels: &ClientLevels,
        strategy: &str,
    ) -> Result<Option<Story>, AppError> {
        let shared = match &levels.follows {
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

    /// The story that a frame goes into which names none; a new one is begun if need be.
    pub(in crate::app) async fn story_for(
        &self,
        tx: &mut Tx,
        wanted: &StoryWanted<'_>,
    ) -> Result<Uuid, AppError> {
        let story_id = match &wanted.levels.follows {
            Some(flock_id) => self.shared_story(tx, wanted, flock_id).await?,
            None => self.own_story(tx, wanted).await?,
        };
        if let WhichStory::New { title: Some(title) } = wanted.story {
            let slug_base = slug_base(title);
            tx.name_story(story_id, Title { title, slug_base: &slug_base }).await?;
        }
        Ok(story_id)
    }

    /// The story that a flock's members share under a strategy.
    async fn shared_story(
        &self,
        tx: &mut Tx,
        wanted: &StoryWanted<'_>,
        flock_id: &str,
    ) -> Result<Uuid, AppError> {
        let (now, strategy) = (self.clock.now(), wanted.strategy);
        let shared = tx.lock_flock_story(flock_id, &strategy.slug, now).await?;
        if let Some(story_id) = shared.filter(|_| !wanted.is_new()) {
            return Ok(story_id);
        }
        let story_id = self.begin_story(tx, wanted.client_id, strategy, Some(flock_id)).await?;
        tx.set_flock_story(flock_id, &strategy.slug, Some(story_id), now).await?;
        Ok(story_id)
    }

    /// The client's current story if it is of this strategy, or has nothing in it yet; else a new one.
    async fn own_story(&self, tx: &mut Tx, wanted: &StoryWanted<'_>) -> Result<Uuid, AppError> {
        let (client_id, strategy) = (wanted.client_id, wanted.strategy);
        let current = match wanted.current {
            Some(id) => tx.story(id).await?,
            None => None,
        };
        // The story of a flock that the client has left is not its own.
        if let Some(story) =
            current.filter(|story| story.client_id == client_id && story.flock_id.is_none())
        {
            let is_empty = story.frame_count == 0 && story.slug.is_none();
            if story.strategy == strategy.slug && !wanted.is_new() {
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
