//! What admins configure: listed, read, made, replaced, patched and removed, each kind in the same way, and every
//! change noted in the audit. What a kind may hold is its own file's matter ([`Resource`]).
//!
//! All changes of configurations come one after the other (`Tx::bump_configuration_version` locks), so what one finds when
//! it checks is still so when it is saved.

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
    /// Its kind, as paths have it.
    const NAME: &'static str;

    /// The field that tells one from another.
    const ID_FIELD: &'static str;

    /// What tells it from others.
    fn id(&self) -> &str;

    /// Refuses what it cannot hold, and puts the rest into one spelling.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] with every field that is wrong.
    fn check(&mut self) -> Result<(), AppError>;

    /// Refuses what would not fit to the other configurations.
    fn check_references(&self, tx: &mut Tx) -> impl Future<Output = Result<(), AppError>> + Send;

    /// Its secrets, where it has any.
    fn provider_keys(&mut self) -> Option<&mut serde_json::Map<String, Value>> {
        None
    }

    /// Why one may not be removed, whatever refers to it.
    fn protected_reason(_id: &str) -> Option<&'static str> {
        None
    }
}

/// A configuration as admins see it: its secrets shown by their last four characters.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ResourceView<T> {
    /// The configuration.
    #[serde(flatten)]
    pub item: T,
    /// When it was made.
    pub date_created: chrono::DateTime<chrono::Utc>,
    /// When it was last written.
    pub date_updated: chrono::DateTime<chrono::Utc>,
}

impl<T: Resource> From<Timestamped<T>> for ResourceView<T> {
    fn from(row: Timestamped<T>) -> Self {
        let Timestamped { item, date_created, date_updated } = row;
        Self { item: with_masked_keys(item), date_created, date_updated }
    }
}

impl Config {
    /// Configurations of a kind whose name or description contains `q`, by name, those behind `after`.
    pub async fn resources<T: Resource>(
        &self,
        q: &str,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Page<ResourceView<T>, String>, AppError> {
        let rows = self.store.resources::<T>(after.unwrap_or_default(), q, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |row: &Timestamped<T>| row.item.id().to_owned()))
    }

    /// One configuration.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown name.
    pub async fn resource<T: Resource>(&self, id: &str) -> Result<ResourceView<T>, AppError> {
        check_name::<T>(id)?;
        self.store.resource::<T>(id).await?.map(Into::into).ok_or_else(resource_not_found::<T>)
    }

    /// Makes a configuration.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] when there is one of its name; [`ErrorKind::Invalid`] for what it cannot hold.
    pub async fn create_resource<T: Resource>(
        &self,
        mut item: T,
        audit: &AuditContext,
    ) -> Result<ResourceView<T>, AppError> {
        if let Some(keys) = item.provider_keys() {
            keys::check_and_restore(keys, None)?;
        }
        check(&mut item)?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.bump_configuration_version().await?;
        item.check_references(&mut tx).await?;
        if !tx.add_resource(&item, now).await? {
            let detail = format!("There is {} {} already; change that one.", T::NAME, item.id());
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        record_change(&mut tx, "create", None, Some(&item), audit, now).await?;
        tx.save().await?;
        Ok(ResourceView { item: with_masked_keys(item), date_created: now, date_updated: now })
    }

    /// Replaces a configuration by another of its name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown name; [`ErrorKind::Invalid`] for what it cannot hold.
    pub async fn replace_resource<T: Resource>(
        &self,
        id: &str,
        item: T,
        audit: &AuditContext,
    ) -> Result<ResourceView<T>, AppError> {
        self.write_resource(id, audit, |_| Ok(item)).await
    }

    /// Changes what a merge patch (RFC 7396) names.
    ///
    /// # Errors
    ///
    /// As [`Config::replace_resource`].
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
            let mut whole = serde_json::to_value(before).map_err(AppError::internal)?;
            checks::merge_patch(&mut whole, patch);
            checks::deserialize_patched(whole)
        };
        self.write_resource(id, audit, patched).await
    }

    async fn write_resource<T: Resource>(
        &self,
        id: &str,
        audit: &AuditContext,
        change: impl FnOnce(&T) -> Result<T, AppError>,
    ) -> Result<ResourceView<T>, AppError> {
        check_name::<T>(id)?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.bump_configuration_version().await?;
        let found: Option<Timestamped<T>> = tx.resource(id).await?;
        let Timestamped { mut item, date_created, .. } =
            found.ok_or_else(resource_not_found::<T>)?;
        let mut after = change(&item)?;
        if after.id() != id {
            let reason = format!("must be `{id}`, as in the path: a name stays");
            return Err(AppError::invalid(T::ID_FIELD, reason));
        }
        let before = item.clone();
        if let Some(keys) = after.provider_keys() {
            keys::check_and_restore(keys, item.provider_keys().map(|kept| &*kept))?;
        }
        check(&mut after)?;
        after.check_references(&mut tx).await?;
        tx.replace_resource(&after, now).await?;
        record_change(&mut tx, "update", Some(&before), Some(&after), audit, now).await?;
        tx.save().await?;
        Ok(ResourceView { item: with_masked_keys(after), date_created, date_updated: now })
    }

    /// Removes a configuration.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown name; [`ErrorKind::Conflict`] when something refers to it.
    pub async fn remove_resource<T: Resource>(
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
        tx.remove_resource::<T>(id).await?;
        record_change(&mut tx, "delete", Some(&before), None, audit, now).await?;
        Ok(tx.save().await?)
    }
}

/// What every kind refuses, and then what this one does.
fn check<T: Resource>(item: &mut T) -> Result<(), AppError> {
    if has_nul(&serde_json::to_string(item).map_err(AppError::internal)?) {
        let detail = "A NUL character cannot be kept; leave it out.";
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

/// A resource whose secrets are hidden.
fn with_masked_keys<T: Resource>(mut item: T) -> T {
    if let Some(keys) = item.provider_keys() {
        keys::mask(keys);
    }
    item
}

/// PostgreSQL takes no NUL in a text; nothing has such a name.
fn check_name<T: Resource>(id: &str) -> Result<(), AppError> {
    if id.contains('\0') { Err(resource_not_found::<T>()) } else { Ok(()) }
}

fn resource_not_found<T: Resource>() -> AppError {
    let detail = format!("There is none of this {} among the {}.", T::ID_FIELD, T::NAME);
    AppError::new(ErrorKind::NotFound, detail)
}
