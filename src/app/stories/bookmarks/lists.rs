//! Named lists of stories. Each list belongs to one client; public lists can be read by all clients.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::audit::{AuditChange, audit_value};
use crate::app::stories::Stories;
use crate::app::{Actor, AppError, ErrorKind, Page};
use crate::domain::ClientId;
use crate::store::{BookmarkList, BookmarkListChange, NewBookmarkList, StoreError, Tx};

/// Maximum number of lists of one client.
const MAX_LISTS: i64 = 1000;

/// Maximum length of a list's name, in characters.
const MAX_NAME: usize = 255;

/// Maximum length of a list's description, in characters.
const MAX_DESCRIPTION: usize = 2000;

/// A bookmark list to create, or to replace another with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookmarkListRequest {
    /// Name of the list, 1 to 255 printable characters, unique among the client's lists.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$"
    )]
    pub name: String,
    /// Description of the list, at most 2,000 characters. If omitted: empty.
    #[schema(max_length = 2000)]
    pub description: Option<String>,
    /// Whether other clients may read the list. If omitted: false.
    pub is_public: Option<bool>,
}

/// Changes to a bookmark list. Omitted fields stay the same.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookmarkListPatch {
    /// Name of the list, 1 to 255 printable characters, unique among the client's lists.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$"
    )]
    pub name: Option<String>,
    /// Description of the list, at most 2,000 characters.
    #[schema(max_length = 2000)]
    pub description: Option<String>,
    /// Whether other clients may read the list.
    pub is_public: Option<bool>,
}

impl From<BookmarkListRequest> for BookmarkListPatch {
    fn from(request: BookmarkListRequest) -> Self {
        Self {
            name: Some(request.name),
            description: Some(request.description.unwrap_or_default()),
            is_public: Some(request.is_public.unwrap_or_default()),
        }
    }
}

impl Actor<'_> {
    /// Returns whether the actor may read a list: if it is public, or the client's own, or the actor is an admin who
    /// does not act for a client. An admin who acts for a client sees what that client sees.
    pub(in crate::app) fn can_read_list(&self, list: &BookmarkList) -> bool {
        let is_plain_admin = self.client_id.is_none() && self.principal.is_admin();
        list.is_public || self.acts_for(&list.client_id) || is_plain_admin
    }
}

impl Stories {
    /// Returns a page of a client's lists, ordered by name, starting after the name `after`.
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

    /// Returns a page of the public lists, newest first. `before` is the id of a list; only older ones are returned.
    pub async fn public_lists(
        &self,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Page<BookmarkList, i64>, AppError> {
        let before = before.unwrap_or(i64::MAX);
        let rows = self.store.public_bookmark_lists(before, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |list| list.id))
    }

    /// Returns a page of all clients' lists whose name or owner contains `q`, newest first. `before` is the id of a
    /// list; only older ones are returned.
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

    /// Creates a list for a client.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Conflict`] if the client has a list with this name or too many lists, and with
    /// [`ErrorKind::Invalid`] if the name or description is invalid.
    pub async fn create_list(
        &self,
        actor: Actor<'_>,
        owner: &ClientId,
        request: BookmarkListRequest,
    ) -> Result<BookmarkList, AppError> {
        let request = validate(request.into())?;
        let (client_id, now) = (owner.as_str(), self.clock.now());
        let mut tx = self.store.begin().await?;
        // The lock serializes concurrent requests, so that the limit holds.
        tx.lock_client(client_id, now).await?;
        if tx.count_bookmark_lists(client_id).await? >= MAX_LISTS {
            let detail = format!("A client has at most {MAX_LISTS} lists; remove one first.");
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let new = NewBookmarkList {
            client_id,
            name: request.name.as_deref().unwrap_or_default(),
            description: request.description.as_deref().unwrap_or_default(),
            is_public: request.is_public.unwrap_or_default(),
            now,
        };
        let list = tx.insert_bookmark_list(new).await.map_err(name_taken)?;
        self.save_list_change(tx, actor, None, Some(&list)).await?;
        Ok(list)
    }

    /// Changes a list.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] or [`ErrorKind::Forbidden`] if the actor may not change the list, with
    /// [`ErrorKind::Conflict`] if the client has another list with this name, and with [`ErrorKind::Invalid`] if a
    /// value is invalid.
    pub async fn update_list(
        &self,
        actor: Actor<'_>,
        id: i64,
        patch: BookmarkListPatch,
    ) -> Result<BookmarkList, AppError> {
        let patch = validate(patch)?;
        let before = self.find_changeable_list(actor, id).await?;
        let change = BookmarkListChange {
            name: patch.name.as_deref(),
            description: patch.description.as_deref(),
            is_public: patch.is_public,
        };
        let mut tx = self.store.begin().await?;
        let changed = tx.update_bookmark_list(id, change, self.clock.now()).await;
        let after = changed.map_err(name_taken)?.ok_or_else(list_not_found)?;
        self.save_list_change(tx, actor, Some(&before), Some(&after)).await?;
        Ok(after)
    }

    /// Removes a list. The stories in it stay.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] or [`ErrorKind::Forbidden`] if the actor may not change the list.
    pub async fn remove_list(&self, actor: Actor<'_>, id: i64) -> Result<(), AppError> {
        self.find_changeable_list(actor, id).await?;
        let mut tx = self.store.begin().await?;
        let removed = tx.delete_bookmark_list(id).await?.ok_or_else(list_not_found)?;
        self.save_list_change(tx, actor, Some(&removed), None).await
    }

    /// Returns a list if the actor may read it.
    pub(in crate::app) async fn find_readable_list(
        &self,
        actor: Actor<'_>,
        id: i64,
    ) -> Result<BookmarkList, AppError> {
        let list = self.store.bookmark_list(id).await?;
        list.filter(|list| actor.can_read_list(list)).ok_or_else(list_not_found)
    }

    /// Commits a change to a list, with an audit record of the list before and after it.
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
        tracing::info!(list_id = id, action, actor = %actor.principal, "bookmark list changed");
        Ok(())
    }

    /// Returns a list if the actor may change it, which its owner and admins may. To others, a list that is not public
    /// is reported as "not found".
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
        let detail =
            "This list belongs to another client and can only be read; create one of your own.";
        Err(AppError::new(ErrorKind::Forbidden, detail))
    }
}

/// Validates the fields of a list. The error names every invalid field.
fn validate(mut patch: BookmarkListPatch) -> Result<BookmarkListPatch, AppError> {
    let mut invalid = Vec::new();
    let mut reject = |field: &str, reason: String| invalid.push((field.to_owned(), reason));
    if let Some(name) = &mut patch.name {
        *name = name.trim().to_owned();
        let chars = name.chars().count();
        if chars == 0 || chars > MAX_NAME || name.chars().any(char::is_control) {
            reject("name", format!("must be printable text of 1-{MAX_NAME} characters"));
        }
    }
    if let Some(description) = &patch.description
        && (description.chars().count() > MAX_DESCRIPTION || description.contains('\0'))
    {
        let reason = format!("must be text of at most {MAX_DESCRIPTION} characters, without NUL");
        reject("description", reason);
    }
    if invalid.is_empty() { Ok(patch) } else { Err(AppError::invalid_fields(invalid)) }
}

fn name_taken(error: StoreError) -> AppError {
    if !error.is_conflict() {
        return error.into();
    }
    let detail = "The client already has a list with this name; choose another name.";
    AppError::new(ErrorKind::Conflict, detail)
}

pub(in crate::app) fn list_not_found() -> AppError {
    AppError::new(ErrorKind::NotFound, "There is no such list, or it is not public.")
}
