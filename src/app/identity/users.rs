//! The people who may log in.

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

/// A person to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUserRequest {
    /// 1-64 letters, digits and `.`, `_`, `-`, `@`, `+`.
    pub username: String,
    /// 12-256 characters. It is never shown again.
    pub password: String,
    /// Who that is.
    #[serde(default)]
    pub description: String,
    /// Whether the person may log in.
    #[serde(default = "yes")]
    pub is_active: bool,
}

/// What is to change of a person. What is absent stays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateUserRequest {
    /// As in the path: a name stays.
    pub username: Option<String>,
    /// 12-256 characters.
    pub password: Option<String>,
    /// Who that is.
    pub description: Option<String>,
    /// Whether the person may log in.
    pub is_active: Option<bool>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UserView {
    /// The name to log in with.
    pub username: String,
    /// Who that is.
    pub description: String,
    /// Whether the person may log in.
    pub is_active: bool,
    /// When the person was added.
    pub date_created: DateTime<Utc>,
    /// When that was last changed.
    pub date_updated: DateTime<Utc>,
}

impl Identities {
    /// Adds a person.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the name is taken, something cannot be used, or the database fails.
    pub async fn create_user(
        &self,
        order: CreateUserRequest,
        audit: &AuditContext,
    ) -> Result<UserView, AppError> {
        let CreateUserRequest { username, password, description, is_active } = order;
        if !is_username(&username) {
            let reason = "is no name; 1-64 letters a-z, A-Z, digits and . _ - @ + are one";
            return Err(AppError::invalid("username", reason));
        }
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
        if !tx.add_user(new).await? {
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

    /// A person.
    ///
    /// # Errors
    ///
    /// [`AppError`] when there is none of this name, or the database fails.
    pub async fn user(&self, username: &str) -> Result<UserView, AppError> {
        if !is_username(username) {
            return Err(user_not_found());
        }
        self.store.user(username).await?.map(UserView::from).ok_or_else(user_not_found)
    }

    /// People whose name or description contains `text`, by name, those after `after`.
    pub async fn users(
        &self,
        after: Option<&str>,
        text: &str,
        limit: i64,
    ) -> Result<Page<UserView, String>, AppError> {
        let rows = self.store.users(after.unwrap_or_default(), text, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |user| user.username.clone()))
    }

    /// Changes a person. Whoever gets another password, or may not log in any more, is logged out everywhere.
    ///
    /// # Errors
    ///
    /// [`AppError`] when there is none of this name, something cannot be used, it is the last one who may log in, or
    /// the database fails.
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
        // Hashing takes long, so it is not done for nobody.
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
        tx.change_user(user).await?;
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

    /// Removes a person, who is logged out everywhere by that.
    ///
    /// # Errors
    ///
    /// [`AppError`] when there is none of this name, it is the last one who may log in, or the database fails.
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
    /// As a replacement: what is absent takes its default. A password, which nobody can read back, stays.
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

/// Keeps the last person who may log in from locking everybody out. Whoever has a token, or is on this machine, has
/// another way in and may.
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

/// Whether a name can be a user's.
pub(super) fn is_username(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'@' | b'+');
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

const fn yes() -> bool {
    true
}

fn user_not_found() -> AppError {
    not_found("There is no user of this name.")
}
