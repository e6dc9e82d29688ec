//! API tokens: create, list, rename and revoke.

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

/// An API token to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTokenRequest {
    /// What the token is for, 1-100 printable characters.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$"
    )]
    pub name: String,
    /// What the token may access: `device` (one Sparrow), `client` (any Sparrow) or `admin` (everything).
    #[schema(pattern = "^(device|client|admin)$", value_type = String, example = "device")]
    pub scope: ScopeName,
    /// The id of the Sparrow. Required for the scope `device`, not allowed for others.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$"
    )]
    pub client_id: Option<String>,
    /// How long the token is valid: a whole number of hours (`12h`), days (`90d`) or weeks (`4w`), at most ten years.
    /// If this and `date_expires` are omitted, the token does not expire.
    #[schema(
        pattern = "^([1-9][0-9]{0,3}h|[1-9][0-9]{0,2}d|[1-9][0-9]?w|[1-4][0-9]{2}w)$",
        example = "90d"
    )]
    pub expires_in: Option<String>,
    /// When the token expires, at most ten years ahead. Not allowed together with `expires_in`.
    pub date_expires: Option<DateTime<Utc>>,
}

/// An API token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenView {
    /// The token's id.
    pub id: i64,
    /// What the token is for.
    pub name: String,
    /// What the token may access: `device` (one Sparrow), `client` (any Sparrow) or `admin` (everything).
    #[schema(value_type = String, example = "device")]
    pub scope: ScopeName,
    /// The id of the Sparrow, for the scope `device`.
    pub client_id: Option<String>,
    /// `•••` and the last four characters of the token.
    #[schema(example = "•••x7Qa")]
    pub hint: String,
    /// Who created the token; `pairing` if it comes from pairing.
    pub created_by: String,
    /// When the token expires; null if it does not.
    pub date_expires: Option<DateTime<Utc>>,
    /// When the token was revoked; null if it was not.
    pub date_revoked: Option<DateTime<Utc>>,
    /// When the token was last used, to the minute; null if never.
    pub last_used: Option<DateTime<Utc>>,
    /// When the token was created.
    pub date_created: DateTime<Utc>,
    /// When the token was last changed.
    pub date_updated: DateTime<Utc>,
}

/// A new API token. This is the only answer that contains the token itself.
#[derive(Serialize, ToSchema)]
pub struct NewTokenView {
    /// The token itself, to be sent as `Authorization: Bearer …`.
    pub token: String,
    /// The token's other fields.
    #[serde(flatten)]
    pub view: TokenView,
}

impl Identities {
    /// Creates a token.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if a field is invalid, or the database fails.
    pub async fn create_token(
        &self,
        request: CreateTokenRequest,
        audit: &AuditContext,
    ) -> Result<NewTokenView, AppError> {
        let now = self.clock.now();
        check_name(&request.name)?;
        let client_id = device_client_id(&request)?;
        let date_expires = expiry(&request, now)?;
        let token = new_token()?;
        let mut tx = self.store.begin().await?;
        tx.bump_configuration_version().await?;
        let new = NewToken {
            name: &request.name,
            scope: request.scope,
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

    /// Returns a token.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if no token has this id, or the database fails.
    pub async fn token(&self, id: i64) -> Result<TokenView, AppError> {
        let token = self.store.token(id).await?;
        token.map(TokenView::from).ok_or_else(token_not_found)
    }

    /// Lists tokens whose name or client id contains `text`, with ids below `after`, the newest first.
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

    /// Renames a token.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if no token has this id, the name is invalid, or the database fails.
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

    /// Revokes a token. The revocation takes effect at once on this instance and within a moment on others. The token's
    /// row stays. A token that is revoked already is unchanged.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if no token has this id, or the database fails.
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

/// Generates the text of a token.
pub(super) fn new_token() -> Result<String, AppError> {
    Ok(format!("{}{}", secret::TOKEN_PREFIX, secret::generate_secret()?))
}

/// Stores a token and records its creation in the audit log.
pub(super) async fn insert_token(
    tx: &mut Tx,
    new: NewToken<'_>,
    audit: &AuditContext,
) -> Result<TokenView, AppError> {
    let id = tx.insert_token(new).await?;
    let view = tx.token(id).await?.map(TokenView::from).ok_or_else(token_not_found)?;
    let after = audit_value(&view)?;
    let id = id.to_string();
    let change = AuditChange { action: "create", resource: RESOURCE, id: &id, before: None, after };
    change.record(tx, audit, new.now).await?;
    Ok(view)
}

fn check_name(name: &str) -> Result<(), AppError> {
    if name.trim().is_empty() {
        return Err(AppError::invalid("name", "is empty; say what the token is for"));
    }
    check_text("name", name, 100)
}

/// Returns the client that a device's token is for; `None` for other scopes.
fn device_client_id(request: &CreateTokenRequest) -> Result<Option<ClientId>, AppError> {
    let invalid = |reason: String| AppError::invalid("client_id", reason);
    match (request.scope, &request.client_id) {
        (ScopeName::Device, None) => {
            Err(invalid("is missing; a device's token is for one client".to_owned()))
        }
        (ScopeName::Device, Some(id)) => {
            ClientId::new(id).map(Some).map_err(|error| invalid(error.to_string()))
        }
        (ScopeName::Client | ScopeName::Admin, Some(_)) => {
            Err(invalid("is allowed only for the scope device".to_owned()))
        }
        (ScopeName::Client | ScopeName::Admin, None) => Ok(None),
    }
}

fn expiry(
    request: &CreateTokenRequest,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, AppError> {
    match (&request.expires_in, request.date_expires) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err(AppError::invalid("expires_in", "cannot be given together with date_expires"))
        }
        (Some(time), None) => {
            let Lifetime(time) = time.parse().map_err(|e| AppError::invalid("expires_in", e))?;
            Ok(Some(now + time))
        }
        (None, Some(at)) if at > now && at <= now + Lifetime::MAX => Ok(Some(at.trunc_subsecs(6))),
        (None, Some(_)) => {
            Err(AppError::invalid("date_expires", "must be in the future, at most ten years ahead"))
        }
    }
}

fn token_not_found() -> AppError {
    not_found("There is no token with this id.")
}
