//! Visitors, who give photos by a share of the kind `give`. Each has a client of their own, and a secret that opens this
//! client below the share's link and nothing else.

use chrono::{SubsecRound, TimeDelta};
use uuid::Uuid;

use super::{NewShareView, ShareRequest, Shares, token};
use crate::app::config::DEFAULT_FLOCK;
use crate::app::{Actor, AppError, AuditContext, ErrorKind};
use crate::domain::{ClientId, JsonObject, Principal, Scope, ShareKind, SparrowConfig};
use crate::store::{Share, Visitor};

/// How long a visitor's frames are kept after the share has expired.
pub(super) const KEPT_AFTER_EXPIRY: TimeDelta = TimeDelta::days(30);

/// Maximum number of visitors of one share.
const MAX_VISITORS: i64 = 10_000;

/// A visitor who has just agreed.
pub struct NewVisitorView {
    /// The visitor.
    pub visitor: Visitor,
    /// The secret for the visitor's cookie, which is returned only once.
    pub secret: String,
}

impl Shares {
    /// Returns the time until which the frames of a share's visitors are kept.
    #[must_use]
    pub fn visitors_kept_until(share: &Share) -> chrono::DateTime<chrono::Utc> {
        share.date_expires + KEPT_AFTER_EXPIRY
    }

    /// Makes a client for a visitor who agreed to a share, in the share's flock.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Busy`] if the share has too many visitors.
    pub async fn welcome(&self, share: &Share) -> Result<NewVisitorView, AppError> {
        let random = Uuid::now_v7().simple().to_string();
        let client_id = format!("visitor-{}", random.get(16..).unwrap_or(&random));
        let (parent_flock_id, parameters) = self.visitors_place(share).await?;
        let config = SparrowConfig {
            client_id: client_id.clone(),
            description: format!("A visitor who came by share {}", share.id),
            parent_flock_id,
            follow_parent_story: false,
            parameters,
            keys: JsonObject::default(),
            schedule: None,
            budget_per_day: None,
            is_private: false,
            is_learned_from: false,
        };
        let secret = token::generate()?;
        let now = self.clock.now().trunc_subsecs(6);
        let visitor = Visitor {
            client_id,
            share_id: Some(share.id),
            date_created: now,
            date_expires: Self::visitors_kept_until(share),
        };
        let mut tx = self.store.begin().await?;
        if tx.count_visitors(share.id).await? >= MAX_VISITORS {
            let detail = "This link has had too many visitors; ask for another one.";
            let error = AppError::new(ErrorKind::Busy, detail);
            return Err(AppError { retry_after_seconds: Some(3600), ..error });
        }
        tx.insert_visitor(&visitor, &token::hash(&secret)).await?;
        tx.save().await?;
        // If this fails, the row without a configuration goes when its time is over.
        let audit = AuditContext::for_actor_name(&format!("share {}", share.id));
        self.config.create_resource(config, &audit).await?;
        Ok(NewVisitorView { visitor, secret })
    }

    /// Returns the flock and the parameters of a share's visitors: those of the client or the flock that it is about.
    async fn visitors_place(
        &self,
        share: &Share,
    ) -> Result<(Option<String>, JsonObject), AppError> {
        if let Some(flock_id) = &share.flock_id {
            let parent = Some(flock_id.clone()).filter(|flock_id| flock_id != DEFAULT_FLOCK);
            return Ok((parent, JsonObject::default()));
        }
        let client_id = share.client_id.as_deref().unwrap_or_default();
        match self.config.resource::<SparrowConfig>(client_id).await {
            Ok(config) => Ok((config.item.parent_flock_id, config.item.parameters)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok((None, JsonObject::default())),
            Err(error) => Err(error),
        }
    }

    /// Returns the visitor of a cookie's secret; `None` if there is none any more.
    pub async fn visitor(&self, secret: &str) -> Result<Option<Visitor>, AppError> {
        if !token::is_well_formed(secret) {
            return Ok(None);
        }
        let visitor = self.store.visitor_by_sha256(&token::hash(secret)).await?;
        Ok(visitor.filter(|visitor| visitor.date_expires > self.clock.now()))
    }

    /// Creates the share by which a visitor takes a story home. It lasts as long as the visitor's frames are kept.
    ///
    /// # Errors
    ///
    /// As [`Shares::create`].
    pub async fn take_home(
        &self,
        visitor: &Visitor,
        story_id: Uuid,
    ) -> Result<NewShareView, AppError> {
        let client_id = ClientId::new(&visitor.client_id).map_err(AppError::internal)?;
        let audit = AuditContext::for_device(&client_id);
        let principal = Principal { scope: Scope::Device(client_id.clone()), ..Principal::LOCAL };
        let actor = Actor { principal: &principal, client_id: Some(&client_id) };
        let kept = (visitor.date_expires - self.clock.now()).num_seconds();
        let request = ShareRequest {
            kind: ShareKind::Story,
            story_id: Some(story_id.to_string()),
            list_id: None,
            client_id: None,
            flock_id: None,
            expires_in: Some(kept.clamp(60, 365 * 24 * 3600)),
            comment: None,
            is_private_ok: None,
        };
        self.create(actor, &request, &audit).await
    }

    /// Ends the links of a visitor who is erased, and the visitor's cookie.
    pub async fn forget_visitor(&self, client_id: &str) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        // Streams look at their share again when the version changes.
        tx.bump_configuration_version().await?;
        tx.delete_shares_of_client(client_id).await?;
        tx.delete_visitor(client_id).await?;
        Ok(tx.save().await?)
    }
}
