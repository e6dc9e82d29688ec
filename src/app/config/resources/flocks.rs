//! Configurations of Sparrows, flocks and client types.

use serde_json::{Map, Value};

use super::Resource;
use super::checks::{FieldErrors, unknown_reference};
use super::models::{MAX_DESCRIPTION, check_reference};
use crate::app::AppError;
use crate::app::config::resolve::{DEFAULT_FLOCK, flock_cycle};
use crate::domain::{ClientTypeConfig, FlockConfig, SparrowConfig, StrategyConfig};
use crate::store::Tx;

impl Resource for SparrowConfig {
    const NAME: &'static str = "sparrow-configs";
    const ID_FIELD: &'static str = "client_id";

    fn id(&self) -> &str {
        &self.client_id
    }

    fn check(&mut self) -> Result<(), AppError> {
        let mut errors = FieldErrors::default();
        errors.check_name("client_id", &self.client_id);
        errors.check_text("description", &self.description, MAX_DESCRIPTION);
        errors.check_parameters("parameters", &mut self.parameters, &["strategy", "client_type"]);
        if let Some(schedule) = &mut self.schedule {
            errors.check_schedule(schedule);
        }
        errors.check_budget("budget_per_day", self.budget_per_day);
        errors.into_result()
    }

    async fn check_references(&self, tx: &mut Tx) -> Result<(), AppError> {
        check_reference::<FlockConfig>(tx, "parent_flock_id", self.parent_flock_id.as_ref())
            .await?;
        check_parameter_references(tx, &self.parameters).await
    }

    fn provider_keys(&mut self) -> Option<&mut Map<String, Value>> {
        Some(&mut self.keys)
    }
}

impl Resource for FlockConfig {
    const NAME: &'static str = "flock-configs";
    const ID_FIELD: &'static str = "flock_id";

    fn id(&self) -> &str {
        &self.flock_id
    }

    fn check(&mut self) -> Result<(), AppError> {
        let mut errors = FieldErrors::default();
        errors.check_name("flock_id", &self.flock_id);
        errors.check_text("description", &self.description, MAX_DESCRIPTION);
        errors.check_parameters("parameters", &mut self.parameters, &["strategy", "client_type"]);
        if let Some(schedule) = &mut self.schedule {
            errors.check_schedule(schedule);
        }
        if self.frames_per_day.is_some_and(|frames| !(0..=1_000_000).contains(&frames)) {
            errors.push("frames_per_day", "must be from 0 to 1000000, or null for no limit");
        }
        errors.check_budget("budget_per_day", self.budget_per_day);
        if self.flock_id == DEFAULT_FLOCK && self.parent_flock_id.is_some() {
            errors.push("parent_flock_id", "must be null: the default flock is above all others");
        }
        errors.into_result()
    }

    async fn check_references(&self, tx: &mut Tx) -> Result<(), AppError> {
        check_parameter_references(tx, &self.parameters).await?;
        let mut chain = vec![self.flock_id.clone()];
        let mut next = self.parent_flock_id.clone();
        while let Some(flock_id) = next {
            if chain.contains(&flock_id) {
                return Err(flock_cycle(chain, flock_id));
            }
            let Some(parent) = tx.resource::<Self>(&flock_id).await? else {
                return Err(unknown_reference("parent_flock_id", Self::NAME, &flock_id));
            };
            next = parent.item.parent_flock_id;
            chain.push(flock_id);
        }
        Ok(())
    }

    /// Deletes the flock's commands, so that another flock of this name is not black. The flock `default` stays without
    /// its configuration, and so do its commands.
    async fn delete_belongings(tx: &mut Tx, id: &str) -> Result<(), AppError> {
        if id == DEFAULT_FLOCK { Ok(()) } else { Ok(tx.delete_commands_of_flock(id).await?) }
    }

    fn provider_keys(&mut self) -> Option<&mut Map<String, Value>> {
        Some(&mut self.keys)
    }
}

impl Resource for ClientTypeConfig {
    const NAME: &'static str = "client-type-configs";
    const ID_FIELD: &'static str = "client_type";

    fn id(&self) -> &str {
        &self.client_type
    }

    fn check(&mut self) -> Result<(), AppError> {
        let mut errors = FieldErrors::default();
        errors.check_name("client_type", &self.client_type);
        errors.check_text("description", &self.description, MAX_DESCRIPTION);
        errors.check_parameters("parameters", &mut self.parameters, &["strategy"]);
        errors.into_result()
    }

    async fn check_references(&self, tx: &mut Tx) -> Result<(), AppError> {
        check_parameter_references(tx, &self.parameters).await
    }
}

/// Checks that the strategy and the client type that parameters name exist. A storyteller's name is valid as a
/// strategy.
async fn check_parameter_references(
    tx: &mut Tx,
    parameters: &Map<String, Value>,
) -> Result<(), AppError> {
    let named = |name: &str| parameters.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(strategy) = named("strategy")
        && crate::storytellers::find(&strategy).is_none()
    {
        check_reference::<StrategyConfig>(tx, "parameters.strategy", Some(&strategy)).await?;
    }
    check_reference::<ClientTypeConfig>(tx, "parameters.client_type", named("client_type").as_ref())
        .await
}
