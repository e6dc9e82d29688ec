//! Walls: screens that show the newest frames of a Sparrow, or of all Sparrows of a flock.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::Stories;
use super::pages::PageReader;
use crate::app::config::DEFAULT_FLOCK;
use crate::app::{AppError, ErrorKind};
use crate::domain::{ClientId, DeviceCommand};
use crate::store::{SentCommand, WallFrame};

/// Number of frames on a wall: of the newest ones, and of those that people have kept.
const MAX_FRAMES: usize = 12;

/// [`MAX_FRAMES`] as the limit of a query.
const LIMIT: i64 = 12;

/// Number of members of a flock whose frames are compared: those whose stories were updated last.
const MAX_MEMBERS: usize = 12;

/// How long a wall shows its name after the command to identify itself.
const IDENTIFY: TimeDelta = TimeDelta::seconds(10);

/// A wall, which this reader may see.
#[derive(Debug, Clone)]
pub struct Wall {
    /// Id of the Sparrow or of the flock.
    pub name: String,
    source: WallSource,
}

#[derive(Debug, Clone)]
enum WallSource {
    /// A Sparrow, with the flock whose story it shares.
    Sparrow { followed_flock: Option<String> },
    /// A flock.
    Flock,
}

/// What a wall shows.
#[derive(Debug, Default)]
pub struct WallContent {
    /// The newest frames, the newest first.
    pub newest: Vec<WallFrame>,
    /// The frames that people have kept, the newest first.
    pub kept: Vec<WallFrame>,
    /// Whether the wall stays black, because its Sparrow or flock sleeps or a blackout is on.
    pub is_dark: bool,
    /// Whether the wall shows its name, because an admin asks which screen it is.
    pub is_identified: bool,
    /// The number of seconds after which a black wall wakes, or after which another may go black; `None` if nobody
    /// knows.
    pub changes_in_seconds: Option<i64>,
}

impl Wall {
    /// Returns whether the wall shows the frames of all Sparrows that are not private.
    #[must_use]
    pub fn shows_everybody(&self) -> bool {
        matches!(self.source, WallSource::Flock) && self.name == DEFAULT_FLOCK
    }

    /// Returns the flock whose events concern the wall; `None` if only those of the Sparrow do.
    pub(in crate::app) fn shared_flock(&self) -> Option<&str> {
        match &self.source {
            WallSource::Sparrow { followed_flock } => followed_flock.as_deref(),
            WallSource::Flock => Some(&self.name),
        }
    }
}

impl Stories {
    /// Returns the wall of a flock or, if there is no flock of this name, of a Sparrow. A Sparrow that nobody knows yet
    /// has an empty wall, so that a screen can be hung up first.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if no Sparrow can have this name, or if it is private and the reader is
    /// neither its browser nor an admin.
    pub async fn readable_wall(
        &self,
        reader: PageReader<'_>,
        name: &str,
    ) -> Result<Wall, AppError> {
        let client_id = ClientId::new(name).map_err(|_| wall_not_found())?;
        match self.wall_of_flock(client_id.as_str()).await? {
            Some(wall) => Ok(wall),
            None => self.wall_of_client(reader, client_id.as_str()).await,
        }
    }

    /// Returns the wall of a flock; `None` if the flock does not exist.
    pub async fn wall_of_flock(&self, flock_id: &str) -> Result<Option<Wall>, AppError> {
        let exists = flock_id == DEFAULT_FLOCK || self.store.flock_level(flock_id).await?.is_some();
        Ok(exists.then(|| Wall { name: flock_id.to_owned(), source: WallSource::Flock }))
    }

    /// Returns the wall of a Sparrow, even if a flock has the same name.
    ///
    /// # Errors
    ///
    /// As [`Stories::readable_wall`].
    pub async fn wall_of_client(
        &self,
        reader: PageReader<'_>,
        client_id: &str,
    ) -> Result<Wall, AppError> {
        let client_id = ClientId::new(client_id).map_err(|_| wall_not_found())?;
        let name = client_id.as_str().to_owned();
        let levels = self.config.levels(&name).await?;
        if levels.is_private && !reader.is_admin && reader.client_id != Some(&client_id) {
            return Err(wall_not_found());
        }
        // Nobody hears of a private Sparrow by its flock.
        let followed_flock = levels.followed_flock.clone().filter(|_| !levels.is_private);
        Ok(Wall { name, source: WallSource::Sparrow { followed_flock } })
    }

    /// Returns what a wall shows now. Frames of private Sparrows are on no wall but their own.
    pub async fn wall_content(&self, wall: &Wall) -> Result<WallContent, AppError> {
        let schedule = match wall.source {
            WallSource::Sparrow { .. } => self.config.schedule_of_client(&wall.name).await?,
            WallSource::Flock => self.config.schedule_of_flock(&wall.name).await?,
        };
        let (commands, now) = (self.wall_commands(wall).await?, self.clock.now());
        let is_identify = |sent: &SentCommand| sent.command == DeviceCommand::Identify;
        let is_recent = |sent: &SentCommand| now < sent.date_created + IDENTIFY;
        let mut content = WallContent {
            is_dark: commands.iter().any(SentCommand::is_blackout),
            is_identified: commands.iter().any(|sent| is_identify(sent) && is_recent(sent)),
            ..WallContent::default()
        };
        // Nobody knows when a blackout ends.
        if let Some(schedule) = schedule.filter(|_| !content.is_dark) {
            content.is_dark = schedule.is_asleep;
            let change =
                if schedule.is_asleep { schedule.next_wake_at } else { schedule.changes_at };
            content.changes_in_seconds = change.map(|at| seconds_until(at, now));
        }
        for client_id in self.wall_clients(wall).await? {
            content.newest.extend(self.store.newest_frames_of_client(&client_id, LIMIT).await?);
            content.kept.extend(self.store.kept_frames_of_client(&client_id, LIMIT).await?);
        }
        content.newest = newest_first(content.newest);
        content.kept = newest_first(content.kept);
        Ok(content)
    }

    /// Returns the commands for the wall's Sparrow or flock and for the flocks above it.
    async fn wall_commands(&self, wall: &Wall) -> Result<Vec<SentCommand>, AppError> {
        match wall.source {
            WallSource::Sparrow { .. } => {
                Ok(self.config.levels(&wall.name).await?.commands.clone())
            }
            WallSource::Flock => self.config.commands_of_flock(&wall.name).await,
        }
    }

    /// Returns the clients whose frames a wall shows, each once.
    async fn wall_clients(&self, wall: &Wall) -> Result<Vec<String>, AppError> {
        let limit = i64::try_from(MAX_MEMBERS).unwrap_or(i64::MAX);
        let mut clients = match wall.source {
            WallSource::Sparrow { .. } => vec![wall.name.clone()],
            WallSource::Flock if wall.shows_everybody() => self.store.latest_clients(limit).await?,
            WallSource::Flock => self.store.flock_members(&wall.name, limit).await?,
        };
        let mut seen = BTreeSet::new();
        clients.retain(|client_id| seen.insert(client_id.clone()));
        Ok(clients)
    }

    /// Returns all flocks that a client is in, directly or by other flocks.
    pub(in crate::app) async fn all_flocks_of_client(
        &self,
        client_id: &str,
    ) -> Result<Vec<String>, AppError> {
        Ok(self.config.levels(client_id).await?.flocks.clone())
    }

    /// Returns a flock and the flocks that it is in.
    pub(in crate::app) async fn flocks_from(
        &self,
        flock_id: &str,
    ) -> Result<Vec<String>, AppError> {
        self.config.flocks_from(flock_id).await
    }

    /// Returns the flocks that a client is in, directly or by other flocks; none for a private client.
    pub(in crate::app) async fn flocks_of_client(
        &self,
        client_id: &str,
    ) -> Result<Vec<String>, AppError> {
        let levels = self.config.levels(client_id).await?;
        Ok(if levels.is_private { Vec::new() } else { levels.flocks.clone() })
    }
}

/// Returns the newest frames, each once, the newest first.
fn newest_first(mut frames: Vec<WallFrame>) -> Vec<WallFrame> {
    frames.sort_by_key(|frame| Reverse((frame.frame.date_created, frame.id)));
    frames.dedup_by_key(|frame| frame.id);
    frames.truncate(MAX_FRAMES);
    frames
}

/// Returns the number of whole seconds until a time, at least 1.
fn seconds_until(time: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    ((time - now).num_milliseconds() + 999).div_euclid(1000).max(1)
}

fn wall_not_found() -> AppError {
    let detail = "There is no such wall; check the name of the Sparrow or the flock.";
    AppError::new(ErrorKind::NotFound, detail)
}
