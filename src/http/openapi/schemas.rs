//! Corrections of derived schemas, so that they accept what the service answers and describe what it accepts.

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AllOf, ArrayItems, SchemaType, Type};
use utoipa::openapi::{Components, Object, ObjectBuilder, RefOr, Required, Schema};

/// Text without control characters.
const NO_CONTROLS: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

/// Text without control characters, with at least one character that is not a space.
const PRINTABLE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";

/// 1-255 printable ASCII characters. Spaces at the ends are not part of a header's value.
const IDEMPOTENCY_KEY: &str = r"^[\t -~]*[!-~][\t -~]*$";

/// The name of a voice profile.
const PROFILE_NAME: &str = "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$";

/// Corrects the schemas of all bodies.
pub(super) fn complete_components(components: &mut Components) {
    for schema in components.schemas.values_mut() {
        complete_schema(schema);
    }
}

/// Corrects a schema and those inside it.
fn complete_schema(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => object.properties.values_mut().for_each(complete_schema),
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                complete_schema(items);
            }
        }
        _ => merge_flattened(schema),
    }
}

/// Replaces the parts of a flattened object by one object. Each part alone may forbid the fields of the others.
fn merge_flattened(schema: &mut Schema) {
    let Schema::AllOf(AllOf { items, description, .. }) = schema else { return };
    let mut merged = Object::default();
    for item in &*items {
        let RefOr::T(Schema::Object(part)) = item else { return };
        merged.properties.extend(part.properties.clone());
        merged.required.extend(part.required.iter().cloned());
    }
    merged.description = description.take();
    merged.schema_type = SchemaType::new(Type::Object);
    *schema = Schema::Object(merged);
}

/// Describes the parameters that many operations share.
pub(super) fn complete_parameters(operation: &mut Operation, takes_idempotency_key: bool) {
    let mut parameters = operation.parameters.take().unwrap_or_default();
    for parameter in &mut parameters {
        let RefOr::T(parameter) = parameter else { continue };
        if let Some(schema) = shared_schema(parameter) {
            parameter.schema = Some(schema.into());
        }
    }
    let is_key = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(parameter) if parameter.name == "Idempotency-Key");
    if takes_idempotency_key && !parameters.iter().any(is_key) {
        let description = "1-255 printable ASCII characters. For 24 hours, the same request with the same key gets \
                           the same response, with the header `Idempotent-Replayed: true`, and changes nothing.";
        let parameter = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(text(255, IDEMPOTENCY_KEY)));
        parameters.push(RefOr::T(parameter.build()));
    }
    operation.parameters = Some(parameters).filter(|parameters| !parameters.is_empty());
}

/// Returns the schema of a parameter that means the same wherever it occurs.
fn shared_schema(parameter: &Parameter) -> Option<Object> {
    match (&parameter.parameter_in, parameter.name.as_str()) {
        (ParameterIn::Path, "client_id") => Some(text(255, PRINTABLE)),
        // An optional one of v1 may be empty.
        (ParameterIn::Query, "client_id")
            if parameter.required == Required::True || has_minimum(parameter) =>
        {
            Some(text(255, PRINTABLE))
        }
        (ParameterIn::Path, "type" | "key") => Some(text(128, NO_CONTROLS)),
        (ParameterIn::Path, "profile_id") => Some(text(64, PROFILE_NAME)),
        (ParameterIn::Query, "q") => {
            let any = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
            Some(any.max_length(Some(255)).pattern(Some(NO_CONTROLS)).build())
        }
        (ParameterIn::Header, "Idempotency-Key") => Some(text(255, IDEMPOTENCY_KEY)),
        _ => None,
    }
}

fn has_minimum(parameter: &Parameter) -> bool {
    matches!(&parameter.schema, Some(RefOr::T(Schema::Object(text))) if text.min_length.is_some())
}

/// Returns the schema of a text of 1 to `max` characters.
fn text(max: usize, pattern: &str) -> Object {
    let text = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
    text.min_length(Some(1)).max_length(Some(max)).pattern(Some(pattern)).build()
}
