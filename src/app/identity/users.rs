//! Users: the people who log in with a name and a password.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    AuditChange, AuditContext, Identities, Page, audit_value, check_text, not_found, passwords,
};
use crate::app::{AppError, ErrorKind};
use crate::store::{NewUser, Tx, User};

const RESOURCE: &str = "users";

/// A user to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUserRequest {
    /// The name to log in with: 1-64 of `A-Za-z0-9._@+-`. It cannot be changed.
    #[schema(pattern = "^[A-Za-z0-9._@+-]{1,64}$")]
    pub username: String,
    /// The password, 12-256 characters. It is never returned.
    #[schema(min_length = 12, max_length = 256)]
    pub password: String,
    /// Who the user is, at most 500 printable characters. Default: empty.
    #[schema(max_length = 500, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    #[serde(default)]
    pub description: String,
    /// Whether the user may log in. Default: `true`.
    #[serde(default = "yes")]
    pub is_active: bool,
}

/// Changes to a user. Omitted fields are unchanged.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateUserRequest {
    /// The user's name. If given, it must be the name in the path, because a name cannot be changed.
    #[schema(pattern = "^[A-Za-z0-9._@+-]{1,64}$")]
    pub username: Option<String>,
    /// The new password, 12-256 characters. It ends all sessions of the user.
    #[schema(min_length = 12, max_length = 256)]
    pub password: Option<String>,
    /// Who the user is, at most 500 printable characters.
    #[schema(max_length = 500, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    pub description: Option<String>,
    /// Whether the user may log in. `false` ends all sessions of the user.
    pub is_active: Option<bool>,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UserView {
    /// The name to log in with.
    pub username: String,
    /// Who the user is.
    pub description: String,
    /// Whether the user may log in.
    pub is_active: bool,
    /// When the user was created.
    pub date_created: DateTime<Utc>,
    /// When the user was last changed.
    pub date_updated: DateTime<Utc>,
}

impl Identities {
    /// Creates a user.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the name is taken, a field is invalid, or the database fails.
    pub async fn create_user(
        &self,
        request: CreateUserRequest,
        audit: &AuditContext,
    ) -> Result<UserView, AppError> {
        let CreateUserRequest { username, password, description, is_active } = request;
        check_username(&username)?;
        passwords::check(&password)?;
        check_text("description", &description, 500)?;
        let hash = self.passwords.hash(password).await?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.bump_configuration_version().await?;
        let new = NewUser {
            username: &username,
            description: &description,
            password_hash: Some(&hash),
            is_active,
            now,
        };
        if !tx.insert_user(new).await? {
            let detail = format!("There is a user {username} already; choose another name.");
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let view =
            UserView { username, description, is_active, date_created: now, date_updated: now };
        let after = audit_value(&view)?;
        record_change(&mut tx, "create", None, after, &view.username, audit, now).await?;
        tx.save().await?;
        Ok(view)
    }

    /// Returns a user.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if no user has this name, or the database fails.
    pub async fn user(&self, username: &str) -> Result<UserView, AppError> {
        if !is_username(username) {
            return Err(user_not_found());
        }
        self.store.user(username).await?.map(UserView::from).ok_or_else(user_not_found)
    }

    /// Lists users whose name or description contains `text` and whose name sorts after `after`, ordered by name.
    pub async fn users(
        &self,
        after: Option<&str>,
        text: &str,
        limit: i64,
    ) -> Result<Page<UserView, String>, AppError> {
        let rows = self.store.users(after.unwrap_or_default(), text, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |user| user.username.clone()))
    }

    /// Changes a user. A new password and deactivation both end all sessions of the user.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if no user has this name, a field is invalid, the change would deactivate the last active
    /// user, or the database fails.
    pub async fn update_user(
        &self,
        username: &str,
        change: UpdateUserRequest,
        audit: &AuditContext,
    ) -> Result<UserView, AppError> {
        if change.username.as_deref().is_some_and(|name| name != username) {
            return Err(AppError::invalid("username", "cannot be changed; add another user"));
        }
        change.password.as_deref().map_or(Ok(()), passwords::check)?;
        check_text("description", change.description.as_deref().unwrap_or_default(), 500)?;
        // The user is looked up before the password is hashed, because hashing is slow.
        self.user(username).await?;
        let hash = match change.password {
            Some(password) => Some(self.passwords.hash(password).await?),
            None => None,
        };
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.bump_configuration_version().await?;
        let before = tx.user(username).await?.ok_or_else(user_not_found)?;
        let is_active = change.is_active.unwrap_or(before.is_active);
        if !is_active {
            check_not_last_user(&mut tx, &before, audit).await?;
        }
        let description = change.description.unwrap_or_else(|| before.description.clone());
        let password_hash = hash.as_deref();
        let user = NewUser { username, description: &description, password_hash, is_active, now };
        tx.update_user(user).await?;
        if password_hash.is_some() || !is_active {
            tx.end_sessions_of_user(before.id).await?;
        }
        let before = UserView::from(before);
        let after = UserView { description, is_active, date_updated: now, ..before.clone() };
        let mut changed = audit_value(&after)?.unwrap_or_default();
        if password_hash.is_some() {
            changed["password"] = json!("•••");
        }
        record_change(
            &mut tx,
            "update",
            audit_value(&before)?,
            Some(changed),
            username,
            audit,
            now,
        )
        .await?;
        tx.save().await?;
        Ok(after)
    }

    /// Deletes a user, which ends all sessions of the user.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if no user has this name, it is the last active user, or the database fails.
    pub async fn delete_user(&self, username: &str, audit: &AuditContext) -> Result<(), AppError> {
        if !is_username(username) {
            return Err(user_not_found());
        }
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.bump_configuration_version().await?;
        let user = tx.user(username).await?.ok_or_else(user_not_found)?;
        check_not_last_user(&mut tx, &user, audit).await?;
        tx.delete_user(user.id).await?;
        let before = audit_value(&UserView::from(user))?;
        record_change(&mut tx, "delete", before, None, username, audit, now).await?;
        Ok(tx.save().await?)
    }
}

impl UpdateUserRequest {
    /// Converts the change to a replacement, in which omitted fields get their defaults. An omitted password stays
    /// unchanged, because nobody can read it back to send it again.
    #[must_use]
    pub fn into_replacement(self) -> Self {
        let description = Some(self.description.unwrap_or_default());
        Self { description, is_active: Some(self.is_active.unwrap_or(true)), ..self }
    }
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            username: user.username,
            description: user.description,
            is_active: user.is_active,
            date_created: user.date_created,
            date_updated: user.date_updated,
        }
    }
}

/// Prevents a logged-in user from locking everyone out by deactivating or deleting the last active user. A request with
/// a token or from the same machine may do it, because its sender has another way in.
async fn check_not_last_user(
    tx: &mut Tx,
    user: &User,
    audit: &AuditContext,
) -> Result<(), AppError> {
    if !audit.is_user || !user.is_active || tx.has_other_active_user(&user.username).await? {
        return Ok(());
    }
    let detail = "This is the last user who may log in; add another one first.";
    Err(AppError::new(ErrorKind::Conflict, detail))
}

async fn record_change(
    tx: &mut Tx,
    action: &'static str,
    before: Option<Value>,
    after: Option<Value>,
    username: &str,
    audit: &AuditContext,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    let change = AuditChange { action, resource: RESOURCE, id: username, before, after };
    change.record(tx, audit, now).await
}

/// Checks that a text is a valid username.
pub(super) fn check_username(name: &str) -> Result<(), AppError> {
    if is_username(name) {
        return Ok(());
    }
    let reason = "must be 1-64 letters a-z, A-Z, digits and . _ - @ +";
    Err(AppError::invalid("username", reason))
}

/// Returns whether a text is a valid username.
pub(super) fn is_username(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'@' | b'+');
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

const fn yes() -> bool {
    true
}

fn user_not_found() -> AppError {
    not_found("There is no user with this name.")
}
