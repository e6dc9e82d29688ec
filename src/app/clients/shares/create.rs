//! Creates shares.

use chrono::{SubsecRound, TimeDelta};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Shares, record_change, token};
use crate::app::config::DEFAULT_FLOCK;
use crate::app::{Actor, AppError, AuditContext, ErrorKind};
use crate::domain::{ClientId, FlockConfig, ShareKind, SparrowConfig};
use crate::store::{NewShare, Share};

/// How long a share lasts if the request does not say: 30 days.
const DEFAULT_LIFETIME: i64 = 30 * 24 * 3600;

/// The shortest and the longest lifetime of a share, in seconds: a minute, and a year.
const LIFETIMES: std::ops::RangeInclusive<i64> = 60..=365 * 24 * 3600;

/// Maximum number of shares about one client.
const MAX_SHARES: i64 = 1000;

/// Maximum length of a comment, in characters.
const MAX_COMMENT: usize = 500;

/// A share to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareRequest {
    /// What the link shows: `story` (the pages of a story), `list` (the stories of a bookmark list), `wall` (the wall of
    /// a client or a flock) or `give` (a camera for visitors of a client's flock or a flock).
    #[schema(pattern = "^(story|list|wall|give)$", value_type = String, example = "story")]
    pub kind: ShareKind,
    /// The story's id, for the kind `story`.
    pub story_id: Option<String>,
    /// The list's id, for the kind `list`.
    pub list_id: Option<i64>,
    /// The client: for the kinds `wall` and `give` the one that it is about, for others the one that the request acts
    /// for; 1-255 printable characters. If omitted with a device token: the token's own client.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    pub client_id: Option<ClientId>,
    /// The flock's id, for the kinds `wall` and `give`, instead of `client_id`. Only admins may share a flock.
    pub flock_id: Option<String>,
    /// How long the share lasts, in seconds: 60 to 31,536,000 (one year). If omitted: 2,592,000 (30 days).
    #[schema(minimum = 60, maximum = 31_536_000)]
    pub expires_in: Option<i64>,
    /// What the share is for, at most 500 printable characters. If omitted: empty.
    #[schema(max_length = 500, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    pub comment: Option<String>,
    /// Whether stories of private Sparrows may be shown. A share of one of their stories or of their wall needs it; the
    /// wall of a flock never shows them. If omitted: false.
    pub is_private_ok: Option<bool>,
}

/// A new share. This is the only answer that contains the token.
pub struct NewShareView {
    /// The share.
    pub share: Share,
    /// The token of its link.
    pub token: String,
}

/// What a share is about.
#[derive(Default)]
#[expect(clippy::struct_field_names, reason = "they are named as in the table")]
struct Target {
    client_id: Option<String>,
    flock_id: Option<String>,
    story_id: Option<Uuid>,
    list_id: Option<i64>,
}

impl Shares {
    /// Creates a share.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] or [`ErrorKind::Forbidden`] if the actor may not share what the request names,
    /// with [`ErrorKind::Conflict`] if the client has too many shares, and with [`ErrorKind::Invalid`] if a field is
    /// invalid.
    pub async fn create(
        &self,
        actor: Actor<'_>,
        request: &ShareRequest,
        audit: &AuditContext,
    ) -> Result<NewShareView, AppError> {
        let lifetime = lifetime(request)?;
        check_comment(request.comment.as_deref().unwrap_or_default())?;
        check_fields(request)?;
        let target = self.find_target(actor, request).await?;
        let token = token::generate()?;
        let now = self.clock.now().trunc_subsecs(6);
        let mut tx = self.store.begin().await?;
        if let Some(client_id) = &target.client_id {
            // The lock serializes concurrent requests, so that the limit holds.
            tx.lock_client(client_id, now).await?;
            if tx.count_shares(client_id).await? >= MAX_SHARES {
                let detail = format!(
                    "A client has at most {MAX_SHARES} shares; they go a month after they expire."
                );
                return Err(AppError::new(ErrorKind::Conflict, detail));
            }
        }
        let new = NewShare {
            sha256: &token::hash(&token),
            kind: request.kind,
            client_id: target.client_id.as_deref(),
            flock_id: target.flock_id.as_deref(),
            story_id: target.story_id,
            list_id: target.list_id,
            is_private_ok: request.is_private_ok.unwrap_or_default(),
            comment: request.comment.as_deref().unwrap_or_default(),
            created_by: &audit.actor,
            date_expires: now + lifetime,
            now,
        };
        let share = tx.insert_share(new).await?;
        record_change(&mut tx, "create", None, &share, audit, now).await?;
        tx.save().await?;
        Ok(NewShareView { share, token })
    }

    async fn find_target(
        &self,
        actor: Actor<'_>,
        request: &ShareRequest,
    ) -> Result<Target, AppError> {
        let is_private_ok = request.is_private_ok.unwrap_or_default();
        match (request.kind, &request.client_id, &request.flock_id) {
            (ShareKind::Story, ..) => {
                let id = request.story_id.as_deref().ok_or_else(|| missing("story_id"))?;
                let story = self.stories.find_changeable_story(actor, id).await?;
                if !is_private_ok && self.is_private(&story.client_id).await? {
                    return Err(private());
                }
                let client_id = Some(story.client_id);
                Ok(Target { client_id, story_id: Some(story.id), ..Target::default() })
            }
            (ShareKind::List, ..) => {
                let id = request.list_id.ok_or_else(|| missing("list_id"))?;
                let list = self.stories.find_changeable_list(actor, id).await?;
                let client_id = Some(list.client_id);
                Ok(Target { client_id, list_id: Some(list.id), ..Target::default() })
            }
            (_, None, Some(flock_id)) => {
                if !actor.principal.is_admin() {
                    let detail = "Only admins may share a flock; share a client of your own.";
                    return Err(AppError::new(ErrorKind::Forbidden, detail));
                }
                // Every client is in this flock, which needs no configuration.
                if flock_id != DEFAULT_FLOCK {
                    self.config.resource::<FlockConfig>(flock_id).await?;
                }
                Ok(Target { flock_id: Some(flock_id.clone()), ..Target::default() })
            }
            (kind, _, None) => {
                let client_id = actor.client_id.ok_or_else(|| missing("client_id"))?.as_str();
                let shows_frames = kind == ShareKind::Wall;
                if shows_frames && !is_private_ok && self.is_private(client_id).await? {
                    return Err(private());
                }
                Ok(Target { client_id: Some(client_id.to_owned()), ..Target::default() })
            }
            (_, Some(_), Some(_)) => {
                Err(AppError::invalid("flock_id", "cannot be given together with client_id"))
            }
        }
    }

    /// Returns whether a client's stories are private.
    pub(super) async fn is_private(&self, client_id: &str) -> Result<bool, AppError> {
        match self.config.resource::<SparrowConfig>(client_id).await {
            Ok(config) => Ok(config.item.is_private),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Rejects fields that belong to other kinds.
fn check_fields(request: &ShareRequest) -> Result<(), AppError> {
    let kind = request.kind;
    let foreign = [
        ("story_id", request.story_id.is_some() && kind != ShareKind::Story),
        ("list_id", request.list_id.is_some() && kind != ShareKind::List),
        (
            "flock_id",
            request.flock_id.is_some() && matches!(kind, ShareKind::Story | ShareKind::List),
        ),
    ];
    let reason = "does not belong to a share of this kind; leave it out";
    let wrong = foreign.into_iter().filter(|(_, is_wrong)| *is_wrong);
    let wrong: Vec<_> = wrong.map(|(name, _)| (name.to_owned(), reason.to_owned())).collect();
    if wrong.is_empty() { Ok(()) } else { Err(AppError::invalid_fields(wrong)) }
}

fn lifetime(request: &ShareRequest) -> Result<TimeDelta, AppError> {
    let seconds = request.expires_in.unwrap_or(DEFAULT_LIFETIME);
    if LIFETIMES.contains(&seconds) {
        return Ok(TimeDelta::seconds(seconds));
    }
    let reason = "must be a number of seconds from 60 to 31536000 (one year)";
    Err(AppError::invalid("expires_in", reason))
}

fn check_comment(comment: &str) -> Result<(), AppError> {
    if comment.chars().count() > MAX_COMMENT || comment.chars().any(char::is_control) {
        let reason = format!("must be printable text of at most {MAX_COMMENT} characters");
        return Err(AppError::invalid("comment", reason));
    }
    Ok(())
}

fn missing(field: &str) -> AppError {
    AppError::invalid(field, "is missing; a share of this kind needs it")
}

fn private() -> AppError {
    let reason = "must be true, because the stories of this Sparrow are private";
    AppError::invalid("is_private_ok", reason)
}
