//! Making, listing, renaming and taking back API tokens.

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    AuditChange, AuditContext, Identities, Page, audit_value, check_text, not_found, secret,
};
use crate::app::AppError;
use crate::domain::{ClientId, Lifetime, ScopeName};
use crate::store::{NewToken, Token, Tx};

const RESOURCE: &str = "tokens";

/// What a token is to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTokenRequest {
    /// What it is for: 1-100 characters.
    pub name: String,
    /// `device`, `client` or `admin`.
    #[schema(value_type = String)]
    pub scope: ScopeName,
    /// Whose it is; for a device's token.
    pub client_id: Option<String>,
    /// For how long it is good: `12h`, `90d`, `4w`. Without this and `date_expires` it does not expire.
    pub expires_in: Option<String>,
    /// From when on it is worth nothing.
    pub date_expires: Option<DateTime<Utc>>,
}

/// A token, without what could be used in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenView {
    /// Its number.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// `device`, `client` or `admin`.
    #[schema(value_type = String)]
    pub scope: ScopeName,
    /// Whose it is, if it is a device's.
    pub client_id: Option<String>,
    /// Its last four characters, after `•••`.
    pub hint: String,
    /// Who asked for it; `pairing` for a device that was paired.
    pub created_by: String,
    /// From when on it is worth nothing.
    pub date_expires: Option<DateTime<Utc>>,
    /// When it was taken back.
    pub date_revoked: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used: Option<DateTime<Utc>>,
    /// When it was made.
    pub date_created: DateTime<Utc>,
    /// When it was last changed.
    pub date_updated: DateTime<Utc>,
}

/// A token that was just made: the only time that it is shown.
#[derive(Serialize, ToSchema)]
pub struct NewTokenView {
    /// The token itself.
    pub token: String,
    /// What is known of it from now on.
    #[serde(flatten)]
    pub view: TokenView,
}

impl Identities {
    /// Makes a token.
    ///
    /// # Errors
    ///
    /// [`AppError`] when it cannot be made so, or the database fails.
    pub async fn create_token(
        &self,
        order: CreateTokenRequest,
        audit: &AuditContext,
    ) -> Result<NewTokenView, AppError> {
        let now = self.clock.now();
        check_name(&order.name)?;
        let client_id = device_client_id(&order)?;
        let date_expires = expiry(&order, now)?;
        let token = new_token()?;
        let mut tx = self.store.begin().await?;
        tx.bump_configuration_version().await?;
        let new = NewToken {
            name: &order.name,
            scope: order.scope,
            client_id: client_id.as_ref().map(ClientId::as_str),
            sha256: &secret::hash(&token),
            hint: secret::hint(&token),
            created_by: &audit.actor,
            date_expires,
            now,
        };
        let view = insert_token(&mut tx, new, audit).await?;
        tx.save().await?;
        Ok(NewTokenView { token, view })
    }

    /// A token.
    ///
    /// # Errors
    ///
    /// [`AppError`] when there is none of this id, or the database fails.
    pub async fn token(&self, id: i64) -> Result<TokenView, AppError> {
        let token = self.store.token(id).await?;
        token.map(TokenView::from).ok_or_else(token_not_found)
    }

    /// Tokens whose name or client contains `text`, the newest first, those after `after`.
    pub async fn tokens(
        &self,
        after: Option<i64>,
        text: &str,
        limit: i64,
    ) -> Result<Page<TokenView, i64>, AppError> {
        let before = after.unwrap_or(i64::MAX);
        let rows = self.store.tokens(before, text, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |token| token.id))
    }

    /// Gives a token another name.
    ///
    /// # Errors
    ///
    /// [`AppError`] when there is none of this id, the name is none, or the database fails.
    pub async fn rename_token(
        &self,
        id: i64,
        name: &str,
        audit: &AuditContext,
    ) -> Result<TokenView, AppError> {
        check_name(name)?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.bump_configuration_version().await?;
        let before = tx.token(id).await?.ok_or_else(token_not_found)?;
        tx.rename_token(id, name, now).await?;
        let change = AuditChange {
            action: "update",
            resource: RESOURCE,
            id: &id.to_string(),
            before: Some(json!({"name": before.name})),
            after: Some(json!({"name": name})),
        };
        change.record(&mut tx, audit, now).await?;
        tx.save().await?;
        Ok(TokenView { name: name.to_owned(), date_updated: now, ..TokenView::from(before) })
    }

    /// Takes a token back: it is worth nothing from now on, here at once and on other instances in a moment. Its row
    /// stays. One that was taken back before is left as it is.
    ///
    /// # Errors
    ///
    /// [`AppError`] when there is none of this id, or the database fails.
    pub async fn revoke_token(&self, id: i64, audit: &AuditContext) -> Result<(), AppError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.bump_configuration_version().await?;
        let before = tx.token(id).await?.ok_or_else(token_not_found)?;
        if before.date_revoked.is_some() {
            return Ok(());
        }
        tx.revoke_token(id, now).await?;
        let change = AuditChange {
            action: "revoke",
            resource: RESOURCE,
            id: &id.to_string(),
            before: audit_value(&TokenView::from(before))?,
            after: Some(json!({"date_revoked": now})),
        };
        change.record(&mut tx, audit, now).await?;
        Ok(tx.save().await?)
    }
}

impl From<Token> for TokenView {
    fn from(token: Token) -> Self {
        Self {
            id: token.id,
            name: token.name,
            scope: token.scope,
            client_id: token.client_id,
            hint: format!("•••{}", token.hint),
            created_by: token.created_by,
            date_expires: token.date_expires,
            date_revoked: token.date_revoked,
            last_used: token.last_used,
            date_created: token.date_created,
            date_updated: token.date_updated,
        }
    }
}

/// A token's text.
pub(super) fn new_token() -> Result<String, AppError> {
    Ok(format!("{}{}", secret::TOKEN_PREFIX, secret::generate_secret()?))
}

/// Keeps a token and notes that it was made.
pub(super) async fn insert_token(
    tx: &mut Tx,
    new: NewToken<'_>,
    audit: &AuditContext,
) -> Result<TokenView, AppError> {
    let id = tx.add_token(new).await?;
    let kept = tx.token(id).await?.map(TokenView::from).ok_or_else(token_not_found)?;
    let after = audit_value(&kept)?;
    let id = id.to_string();
    let change = AuditChange { action: "create", resource: RESOURCE, id: &id, before: None, after };
    change.record(tx, audit, new.now).await?;
    Ok(kept)
}

fn check_name(name: &str) -> Result<(), AppError> {
    if name.trim().is_empty() {
        return Err(AppError::invalid("name", "is empty; say what the token is for"));
    }
    check_text("name", name, 100)
}

/// The client that a device's token is for.
fn device_client_id(order: &CreateTokenRequest) -> Result<Option<ClientId>, AppError> {
    let invalid = |reason: String| AppError::invalid("client_id", reason);
    match (order.scope, &order.client_id) {
        (ScopeName::Device, None) => {
            Err(invalid("is missing; a device's token is for one client".to_owned()))
        }
        (ScopeName::Device, Some(id)) => {
            ClientId::new(id).map(Some).map_err(|error| invalid(error.to_string()))
        }
        (ScopeName::Client | ScopeName::Admin, Some(_)) => {
            Err(invalid("is for tokens of scope device alone".to_owned()))
        }
        (ScopeName::Client | ScopeName::Admin, None) => Ok(None),
    }
}

fn expiry(
    order: &CreateTokenRequest,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, AppError> {
    match (&order.expires_in, order.date_expires) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err(AppError::invalid("expires_in", "cannot be given beside date_expires"))
        }
        (Some(time), None) => {
            let Lifetime(time) = time.parse().map_err(|e| AppError::invalid("expires_in", e))?;
            Ok(Some(now + time))
        }
        (None, Some(at)) if at > now && at <= now + Lifetime::MAX => Ok(Some(at.trunc_subsecs(6))),
        (None, Some(_)) => {
            Err(AppError::invalid("date_expires", "must lie ahead, and at most ten years"))
        }
    }
}

fn token_not_found() -> AppError {
    not_found("There is no token of this id.")
}
