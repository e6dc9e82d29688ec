//! Named lists of stories: each one client's, some for all to read.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::audit::{AuditChange, audit_value};
use crate::app::stories::Stories;
use crate::app::{Actor, AppError, ErrorKind, Page};
use crate::domain::ClientId;
use crate::store::{BookmarkList, BookmarkListChange, NewBookmarkList, StoreError, Tx};

/// Lists at most of one client.
const MAX_LISTS: i64 = 1000;

/// Characters at most in a list's name.
const MAX_NAME: usize = 255;

/// Characters at most in a list's description.
const MAX_DESCRIPTION: usize = 2000;

/// A list to be made, or to take the place of another.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookmarkListRequest {
    /// 1-255 characters, unlike the names of the client's other lists.
    pub name: String,
    /// What it is for: at most 2,000 characters.
    pub description: Option<String>,
    /// Whether others may read it; they may not unless it says so.
    pub is_public: Option<bool>,
}

/// What is to change of a list. What is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookmarkListPatch {
    /// 1-255 characters, unlike the names of the client's other lists.
    pub name: Option<String>,
    /// What it is for: at most 2,000 characters.
    pub description: Option<String>,
    /// Whether others may read it.
    pub is_public: Option<bool>,
}

impl From<BookmarkListRequest> for BookmarkListPatch {
    fn from(order: BookmarkListRequest) -> Self {
        Self {
            name: Some(order.name),
            description: Some(order.description.unwrap_or_default()),
            is_public: Some(order.is_public.unwrap_or_default()),
        }
    }
}

impl Actor<'_> {
    /// An admin who speaks for a client sees what that client sees.
    pub(in crate::app) fn can_read_list(&self, list: &BookmarkList) -> bool {
        let is_free_admin = self.client_id.is_none() && self.principal.is_admin();
        list.is_public || self.acts_for(&list.client_id) || is_free_admin
    }
}

impl Stories {
    /// A client's lists by their names, from behind the name `after`.
    pub async fn own_lists(
        &self,
        client_id: &ClientId,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Page<BookmarkList, String>, AppError> {
        let after = after.unwrap_or_default();
        let rows =
            self.store.bookmark_lists_of_client(client_id.as_str(), after, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |list| list.name.clone()))
    }

    /// The lists that all may read, the newest first, those older than the list `before`.
    pub async fn public_lists(
        &self,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Page<BookmarkList, i64>, AppError> {
        let before = before.unwrap_or(i64::MAX);
        let rows = self.store.public_bookmark_lists(before, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |list| list.id))
    }

    /// Everyone's lists whose name or owner contains `q`, the newest first, those older than the list `before`.
    pub async fn all_lists(
        &self,
        q: &str,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Page<BookmarkList, i64>, AppError> {
        let before = before.unwrap_or(i64::MAX);
        let rows = self.store.all_bookmark_lists(q, before, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |list| list.id))
    }

    /// Makes a list for a client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] when the client has one of this name, or too many; [`ErrorKind::Invalid`] for a name or
    /// a description that cannot be kept.
    pub async fn create_list(
        &self,
        actor: Actor<'_>,
        owner: &ClientId,
        order: BookmarkListRequest,
    ) -> Result<BookmarkList, AppError> {
        let order = validate(order.into())?;
        let (client_id, now) = (owner.as_str(), self.clock.now());
        let mut tx = self.store.begin().await?;
        // Of two that are made at once the second is counted after the first.
        tx.lock_client(client_id, now).await?;
        if tx.count_bookmark_lists(client_id).await? >= MAX_LISTS {
            let detail = format!("A client has at most {MAX_LISTS} lists; remove one first.");
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let new = NewBookmarkList {
            client_id,
            name: order.name.as_deref().unwrap_or_default(),
            description: order.description.as_deref().unwrap_or_default(),
            is_public: order.is_public.unwrap_or_default(),
            now,
        };
        let list = tx.add_bookmark_list(new).await.map_err(name_taken)?;
        self.save_list_change(tx, actor, None, Some(&list)).await?;
        Ok(list)
    }

    /// Changes a list.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] or [`ErrorKind::NotYours`] when the actor may not; [`ErrorKind::Conflict`] when the
    /// client has another list of this name; [`ErrorKind::Invalid`] for what cannot be kept.
    pub async fn update_list(
        &self,
        actor: Actor<'_>,
        id: i64,
        edit: BookmarkListPatch,
    ) -> Result<BookmarkList, AppError> {
        let edit = validate(edit)?;
        let before = self.find_changeable_list(actor, id).await?;
        let change = BookmarkListChange {
            name: edit.name.as_deref(),
            description: edit.description.as_deref(),
            is_public: edit.is_public,
        };
        let mut tx = self.store.begin().await?;
        let changed = tx.change_bookmark_list(id, change, self.clock.now()).await;
        let after = changed.map_err(name_taken)?.ok_or_else(list_not_found)?;
        self.save_list_change(tx, actor, Some(&before), Some(&after)).await?;
        Ok(after)
    }

    /// Removes a list with what it holds; the stories stay.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] or [`ErrorKind::NotYours`] when the actor may not.
    pub async fn remove_list(&self, actor: Actor<'_>, id: i64) -> Result<(), AppError> {
        self.find_changeable_list(actor, id).await?;
        let mut tx = self.store.begin().await?;
        let removed = tx.remove_bookmark_list(id).await?.ok_or_else(list_not_found)?;
        self.save_list_change(tx, actor, Some(&removed), None).await
    }

    /// A list that the actor may read.
    pub(in crate::app) async fn find_readable_list(
        &self,
        actor: Actor<'_>,
        id: i64,
    ) -> Result<BookmarkList, AppError> {
        let list = self.store.bookmark_list(id).await?;
        list.filter(|list| actor.can_read_list(list)).ok_or_else(list_not_found)
    }

    /// Makes a change of a list lasting. Here alone it is known who changed what from what into what.
    async fn save_list_change(
        &self,
        mut tx: Tx,
        actor: Actor<'_>,
        before: Option<&BookmarkList>,
        after: Option<&BookmarkList>,
    ) -> Result<(), AppError> {
        let action = match (before, after) {
            (None, _) => "create",
            (_, None) => "delete",
            _ => "update",
        };
        let value = |list: Option<&BookmarkList>| match list {
            Some(list) => audit_value(list),
            None => Ok(None),
        };
        let id = after.or(before).map_or(0, |list| list.id);
        let change = AuditChange {
            action,
            resource: "bookmark-lists",
            id: &id.to_string(),
            before: value(before)?,
            after: value(after)?,
        };
        change.record_unless_client(&mut tx, actor, self.clock.now()).await?;
        tx.save().await?;
        tracing::info!(id, actor = %actor.principal, "{action} of a bookmark list");
        Ok(())
    }

    /// A list that the actor may change: its owner, or an admin. Others do not learn of one that is not public.
    pub(in crate::app) async fn find_changeable_list(
        &self,
        actor: Actor<'_>,
        id: i64,
    ) -> Result<BookmarkList, AppError> {
        let list = self.store.bookmark_list(id).await?.ok_or_else(list_not_found)?;
        if actor.can_change(&list.client_id) {
            return Ok(list);
        }
        if !list.is_public {
            return Err(list_not_found());
        }
        let detail = "This list is another client's and can only be read; make one of your own.";
        Err(AppError::new(ErrorKind::Forbidden, detail))
    }
}

/// What is to be kept of a list, with every reason why it cannot be.
fn validate(mut edit: BookmarkListPatch) -> Result<BookmarkListPatch, AppError> {
    let mut refused = Vec::new();
    let mut refuse = |field: &str, reason: String| refused.push((field.to_owned(), reason));
    if let Some(name) = &mut edit.name {
        *name = name.trim().to_owned();
        let chars = name.chars().count();
        if chars == 0 || chars > MAX_NAME || name.chars().any(char::is_control) {
            refuse("name", format!("must be printable text of 1-{MAX_NAME} characters"));
        }
    }
    if let Some(description) = &edit.description
        && (description.chars().count() > MAX_DESCRIPTION || description.contains('\0'))
    {
        let reason = format!("must be text of at most {MAX_DESCRIPTION} characters, without NUL");
        refuse("description", reason);
    }
    if refused.is_empty() { Ok(edit) } else { Err(AppError::invalid_fields(refused)) }
}

fn name_taken(error: StoreError) -> AppError {
    if !error.is_conflict() {
        return error.into();
    }
    let detail = "The client has a list of this name already; choose another name.";
    AppError::new(ErrorKind::Conflict, detail)
}

pub(in crate::app) fn list_not_found() -> AppError {
    AppError::new(ErrorKind::NotFound, "There is no such list, or it is not public.")
}
