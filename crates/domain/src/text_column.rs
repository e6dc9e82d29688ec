//! Enums that are text in database rows.

/// Makes an enum a column of text on every database, under the names that serde gives its variants.
///
/// The enum derives `Deserialize` and has a method, usually `name`, which returns the same names.
macro_rules! text_column {
    ($type:ident) => {
        text_column!($type, name);
    };
    ($type:ident, $name:ident) => {
        impl<DB: sqlx::Database> sqlx::Type<DB> for $type
        where
            str: sqlx::Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <str as sqlx::Type<DB>>::type_info()
            }

            fn compatible(column: &DB::TypeInfo) -> bool {
                <str as sqlx::Type<DB>>::compatible(column)
            }
        }

        impl<'row, DB: sqlx::Database> sqlx::Decode<'row, DB> for $type
        where
            &'row str: sqlx::Decode<'row, DB>,
        {
            fn decode(value: DB::ValueRef<'row>) -> Result<Self, sqlx::error::BoxDynError> {
                use serde::de::IntoDeserializer;
                let name = <&str as sqlx::Decode<'row, DB>>::decode(value)?;
                let name: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
                    name.into_deserializer();
                Ok(serde::Deserialize::deserialize(name)?)
            }
        }

        impl<'query, DB: sqlx::Database> sqlx::Encode<'query, DB> for $type
        where
            &'static str: sqlx::Encode<'query, DB>,
        {
            fn encode_by_ref(
                &self,
                arguments: &mut DB::ArgumentBuffer,
            ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                <&'static str as sqlx::Encode<'query, DB>>::encode_by_ref(&self.$name(), arguments)
            }
        }
    };
}

pub(crate) use text_column;

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use crate::{
        DeviceCommand, DigitalSourceType, Dither, EventKind, ScopeName, ShareKind, TaskKind,
        TaskStatus,
    };

    #[test]
    fn a_column_has_the_names_that_serde_gives() {
        fn check<T: Copy + Serialize>(variants: &[T], name: impl Fn(T) -> &'static str) {
            for &variant in variants {
                assert_eq!(serde_json::to_value(variant).ok(), Some(name(variant).into()));
            }
        }
        check(&[EventKind::Task, EventKind::Frame, EventKind::Story], EventKind::name);
        check(&[EventKind::Command], EventKind::name);
        check(&[DeviceCommand::Next, DeviceCommand::Identify], DeviceCommand::name);
        check(&[DeviceCommand::Blackout, DeviceCommand::Resume], DeviceCommand::name);
        check(&[ScopeName::Device, ScopeName::Client, ScopeName::Admin], ScopeName::name);
        let sources = [
            DigitalSourceType::TrainedAlgorithmicMedia,
            DigitalSourceType::AlgorithmicMedia,
            DigitalSourceType::DigitalCapture,
        ];
        check(&sources, DigitalSourceType::address);
        check(&[ShareKind::Story, ShareKind::List], ShareKind::name);
        check(&[ShareKind::Wall, ShareKind::Give], ShareKind::name);
        check(&[Dither::None, Dither::FloydSteinberg], Dither::name);
        let ends = [TaskStatus::Completed, TaskStatus::Failed, TaskStatus::Cancelled];
        check(&ends, TaskStatus::name);
        check(&[TaskStatus::Pending, TaskStatus::Running], TaskStatus::name);
        let frames = [TaskKind::TellFrame, TaskKind::IllustrateFrame, TaskKind::NarrateFrame];
        check(&frames, TaskKind::name);
        check(
            &[TaskKind::GenerateVideo, TaskKind::RemoveFiles, TaskKind::SyncMedia],
            TaskKind::name,
        );
        check(&[TaskKind::ApplyRetention, TaskKind::EraseClient], TaskKind::name);
        check(&[TaskKind::LearnFromFrame, TaskKind::IndexFrame], TaskKind::name);
        check(&[TaskKind::IndexFrames, TaskKind::UnindexFrames], TaskKind::name);
    }
}
