//! The resources that admins configure: list, get, create, replace, patch and delete, the same for each kind, with
//! every change recorded in the audit log. Each kind implements [`Resource`], which checks its values.
//!
//! `Tx::bump_configuration_version` takes a lock, so configurations change one after the other. What a change finds
//! when it checks references is still true when it is saved.

mod checks;
mod flocks;
mod keys;
mod models;
mod strategies;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::Page;
use crate::app::audit::{AuditChange, audit_value};
use crate::app::config::Config;
use crate::app::{AppError, AuditContext, ErrorKind};
use crate::domain::has_nul;
use crate::store::{ResourceTable, Timestamped, Tx};

/// One kind of configuration.
pub trait Resource: ResourceTable + Clone + Serialize + DeserializeOwned {
    /// The kind's name in paths, such as `sparrow-configs`.
    const NAME: &'static str;

    /// The name of the field that identifies a resource of this kind.
    const ID_FIELD: &'static str;

    /// Returns the value of [`Resource::ID_FIELD`].
    fn id(&self) -> &str;

    /// Checks the fields and converts them to their canonical form.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Invalid`] with every invalid field.
    fn check(&mut self) -> Result<(), AppError>;

    /// Checks a field that takes longer to check, such as a template. Runs after [`Resource::check`], and before the
    /// transaction that stores the resource, so that nothing waits for it.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Invalid`] with the field.
    fn check_content(&self) -> impl Future<Output = Result<(), AppError>> + Send {
        std::future::ready(Ok(()))
    }

    /// Returns whether [`Resource::check_content`] gives the same result for another resource.
    fn has_content_of(&self, _other: &Self) -> bool {
        true
    }

    /// Checks that the resources that this one refers to exist.
    fn check_references(&self, tx: &mut Tx) -> impl Future<Output = Result<(), AppError>> + Send;

    /// Returns the API keys of providers, if the kind has any.
    fn provider_keys(&mut self) -> Option<&mut serde_json::Map<String, Value>> {
        None
    }

    /// Deletes what belongs to a resource, in the transaction that deletes the resource.
    fn delete_belongings(
        _tx: &mut Tx,
        _id: &str,
    ) -> impl Future<Output = Result<(), AppError>> + Send {
        std::future::ready(Ok(()))
    }

    /// Returns why a resource must not be deleted, even if nothing refers to it.
    fn protected_reason(_id: &str) -> Option<&'static str> {
        None
    }
}

/// A configuration. API keys are shown as `•••` and at most their last four characters.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ResourceView<T> {
    /// The configuration.
    #[serde(flatten)]
    pub item: T,
    /// When the configuration was created.
    pub date_created: chrono::DateTime<chrono::Utc>,
    /// When the configuration was last changed.
    pub date_updated: chrono::DateTime<chrono::Utc>,
}

impl<T: Resource> From<Timestamped<T>> for ResourceView<T> {
    fn from(row: Timestamped<T>) -> Self {
        let Timestamped { item, date_created, date_updated } = row;
        Self { item: with_masked_keys(item), date_created, date_updated }
    }
}

impl Config {
    /// Lists the configurations of a kind whose id or description contains `q` and whose id sorts after `after`,
    /// ordered by id.
    pub async fn resources<T: Resource>(
        &self,
        q: &str,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Page<ResourceView<T>, String>, AppError> {
        let rows = self.store.resources::<T>(after.unwrap_or_default(), q, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |row: &Timestamped<T>| row.item.id().to_owned()))
    }

    /// Returns one configuration.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotFound`] if none has this id.
    pub async fn resource<T: Resource>(&self, id: &str) -> Result<ResourceView<T>, AppError> {
        check_name::<T>(id)?;
        self.store.resource::<T>(id).await?.map(Into::into).ok_or_else(resource_not_found::<T>)
    }

    /// Creates a configuration.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Conflict`] if one with its id exists, and [`ErrorKind::Invalid`] if a field is invalid.
    pub async fn create_resource<T: Resource>(
        &self,
        mut item: T,
        audit: &AuditContext,
    ) -> Result<ResourceView<T>, AppError> {
        if let Some(keys) = item.provider_keys() {
            keys::check_and_restore(keys, None)?;
        }
        check(&mut item)?;
        item.check_content().await?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.bump_configuration_version().await?;
        item.check_references(&mut tx).await?;
        if !tx.insert_resource(&item, now).await? {
            let detail = format!("{} {} exists already; change it instead.", T::NAME, item.id());
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        record_change(&mut tx, "create", None, Some(&item), audit, now).await?;
        tx.save().await?;
        Ok(ResourceView { item: with_masked_keys(item), date_created: now, date_updated: now })
    }

    /// Replaces a configuration.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotFound`] if none has this id, and [`ErrorKind::Invalid`] if a field is invalid.
    pub async fn replace_resource<T: Resource>(
        &self,
        id: &str,
        item: T,
        audit: &AuditContext,
    ) -> Result<ResourceView<T>, AppError> {
        self.write_resource(id, audit, |_| Ok(item.clone())).await
    }

    /// Applies a merge patch (RFC 7396) to a configuration.
    ///
    /// # Errors
    ///
    /// The same as [`Config::replace_resource`].
    pub async fn patch_resource<T: Resource>(
        &self,
        id: &str,
        patch: Value,
        audit: &AuditContext,
    ) -> Result<ResourceView<T>, AppError> {
        if !patch.is_object() {
            let detail = "A patch must be a JSON object of the fields to change.";
            return Err(AppError::new(ErrorKind::Invalid, detail));
        }
        let patched = |before: &T| {
            let mut document = serde_json::to_value(before).map_err(AppError::internal)?;
            checks::merge_patch(&mut document, patch.clone());
            checks::deserialize_patched(document)
        };
        self.write_resource(id, audit, patched).await
    }

    async fn write_resource<T: Resource>(
        &self,
        id: &str,
        audit: &AuditContext,
        change: impl Fn(&T) -> Result<T, AppError> + Send,
    ) -> Result<ResourceView<T>, AppError> {
        check_name::<T>(id)?;
        let current: Option<Timestamped<T>> = self.store.resource(id).await?;
        let checked = change(&current.ok_or_else(resource_not_found::<T>)?.item)?;
        checked.check_content().await?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.bump_configuration_version().await?;
        let found: Option<Timestamped<T>> = tx.resource(id).await?;
        let Timestamped { mut item, date_created, .. } =
            found.ok_or_else(resource_not_found::<T>)?;
        let mut after = change(&item)?;
        if after.id() != id {
            let reason = format!("must be `{id}`, as in the path; it cannot be changed");
            return Err(AppError::invalid(T::ID_FIELD, reason));
        }
        let before = item.clone();
        if let Some(keys) = after.provider_keys() {
            keys::check_and_restore(keys, item.provider_keys().map(|keys| &*keys))?;
        }
        check(&mut after)?;
        if !after.has_content_of(&checked) {
            let detail = "Somebody else changed this at the same time; try again.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        after.check_references(&mut tx).await?;
        tx.replace_resource(&after, now).await?;
        record_change(&mut tx, "update", Some(&before), Some(&after), audit, now).await?;
        tx.save().await?;
        Ok(ResourceView { item: with_masked_keys(after), date_created, date_updated: now })
    }

    /// Deletes a configuration.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotFound`] if none has this id, and [`ErrorKind::Conflict`] if another configuration refers
    /// to it or it must not be deleted.
    pub async fn delete_resource<T: Resource>(
        &self,
        id: &str,
        audit: &AuditContext,
    ) -> Result<(), AppError> {
        check_name::<T>(id)?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.bump_configuration_version().await?;
        let found: Option<Timestamped<T>> = tx.resource(id).await?;
        let before = found.ok_or_else(resource_not_found::<T>)?.item;
        if let Some(reason) = T::protected_reason(id) {
            return Err(AppError::new(ErrorKind::Conflict, reason));
        }
        let referrers = tx.referrers::<T>(id).await?;
        if !referrers.is_empty() {
            let detail = format!(
                "It is in use: {} refer to it. Change these first.",
                checks::abbreviate_list(&referrers)
            );
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        tx.delete_resource::<T>(id).await?;
        T::delete_belongings(&mut tx, id).await?;
        record_change(&mut tx, "delete", Some(&before), None, audit, now).await?;
        Ok(tx.save().await?)
    }
}

/// Checks what holds for every kind, then the fields of this kind.
fn check<T: Resource>(item: &mut T) -> Result<(), AppError> {
    if has_nul(&serde_json::to_string(item).map_err(AppError::internal)?) {
        let detail = "A NUL character cannot be stored; leave it out.";
        return Err(AppError::new(ErrorKind::Invalid, detail));
    }
    item.check()
}

async fn record_change<T: Resource>(
    tx: &mut Tx,
    action: &'static str,
    before: Option<&T>,
    after: Option<&T>,
    audit: &AuditContext,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), AppError> {
    let value = |item: Option<&T>| match item {
        Some(item) => audit_value(&with_masked_keys(item.clone())),
        None => Ok(None),
    };
    let id = after.or(before).map(|item| item.id().to_owned()).unwrap_or_default();
    let change = AuditChange {
        action,
        resource: T::NAME,
        id: &id,
        before: value(before)?,
        after: value(after)?,
    };
    change.record(tx, audit, now).await
}

/// Returns a resource with its API keys masked.
fn with_masked_keys<T: Resource>(mut item: T) -> T {
    if let Some(keys) = item.provider_keys() {
        keys::mask(keys);
    }
    item
}

/// Rejects an id with a NUL as "not found", because PostgreSQL accepts no NUL in a text.
fn check_name<T: Resource>(id: &str) -> Result<(), AppError> {
    if id.contains('\0') { Err(resource_not_found::<T>()) } else { Ok(()) }
}

fn resource_not_found<T: Resource>() -> AppError {
    let detail = format!("The {} have no entry with this {}.", T::NAME, T::ID_FIELD);
    AppError::new(ErrorKind::NotFound, detail)
}
