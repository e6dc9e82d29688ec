//! Deserializes JSON that clients write, with two rules that serde does not have.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// The largest whole number up to which every whole number has an `f64` of its own: 2^53.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Wraps a deserializer of JSON that a client wrote. It applies two rules at every depth:
///
/// - A whole number may be written as a float, such as `320.0`: Lua, JavaScript and ArduinoJson do so.
/// - An object must be an object. serde's derived types also accept an array with the fields in their order.
///
/// ```
/// # use serde::Deserialize;
/// # use calliope_domain::JsonInput;
/// #[derive(Debug, PartialEq, Deserialize)]
/// struct Size { width: u32 }
///
/// let read = |json: &str| Size::deserialize(JsonInput(&mut serde_json::Deserializer::from_str(json)));
/// assert_eq!(read(r#"{"width": 320.0}"#).ok(), Some(Size { width: 320 }));
/// assert!(read("[320]").is_err() && read(r#"{"width": 320.5}"#).is_err());
/// ```
#[derive(Debug)]
pub struct JsonInput<D>(pub D);

/// Phrases an error of serde in JSON's terms instead of Rust's, without the position in the text.
#[must_use]
pub fn plain_json_error(message: &str) -> String {
    let reason = message.split(" at line ").next().unwrap_or(message);
    let Some((found, expected)) = reason.rsplit_once(", expected ") else {
        return reason.to_owned();
    };
    let found = match found {
        "invalid type: sequence" => "invalid type: array",
        "invalid type: map" => "invalid type: object",
        found => found,
    };
    let expected = match expected {
        "a map" => "an object",
        "a sequence" => "an array",
        "f32" | "f64" => "a number",
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" => {
            "a whole number in its range"
        }
        name if name.starts_with("struct ") => "an object",
        expected => expected,
    };
    format!("{found}, expected {expected}")
}

/// Forwards methods of [`Deserializer`] that need no rule.
macro_rules! forward {
    ($($method:ident)*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method(InputVisitor { inner: visitor, is_integer: false })
        }
    )* };
}

/// Forwards methods of [`Deserializer`] that ask for a whole number.
macro_rules! forward_integers {
    ($($method:ident)*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method(InputVisitor { inner: visitor, is_integer: true })
        }
    )* };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for JsonInput<D> {
    type Error = D::Error;

    forward! {
        deserialize_any deserialize_bool deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf deserialize_option deserialize_unit
        deserialize_seq deserialize_map deserialize_identifier deserialize_ignored_any
    }
    forward_integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, InputVisitor { inner: visitor, is_integer: false })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, InputVisitor { inner: visitor, is_integer: false })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(length, InputVisitor { inner: visitor, is_integer: false })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = InputVisitor { inner: visitor, is_integer: false };
        self.0.deserialize_tuple_struct(name, length, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = InputVisitor { inner: visitor, is_integer: false };
        self.0.deserialize_enum(name, variants, visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// Applies the rules to what a visitor receives.
struct InputVisitor<V> {
    inner: V,
    /// Whether the value should be a whole number.
    is_integer: bool,
}

/// Forwards methods of [`Visitor`] that need no rule.
macro_rules! forward_values {
    ($($method:ident: $type:ty)*) => { $(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        }
    )* };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for InputVisitor<V> {
    type Value = V::Value;

    forward_values! {
        visit_bool: bool visit_i64: i64 visit_i128: i128 visit_u64: u64 visit_u128: u128 visit_str: &str
        visit_borrowed_str: &'de str visit_string: String visit_bytes: &[u8]
        visit_borrowed_bytes: &'de [u8] visit_byte_buf: Vec<u8>
    }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        let is_whole = value.fract() == 0.0 && value.abs() <= MAX_EXACT;
        match (self.is_integer && is_whole, value < 0.0) {
            (false, _) => self.inner.visit_f64(value),
            (true, true) => self.inner.visit_i64(value as i64),
            (true, false) => self.inner.visit_u64(value as u64),
        }
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(JsonInput(deserializer))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(JsonInput(deserializer))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(InputAccess(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(InputAccess(entries))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(InputAccess(variant))
    }
}

/// Applies the rules to the parts of an array, an object or an enum.
struct InputAccess<A>(A);

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for InputAccess<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(InputSeed(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for InputAccess<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(InputSeed(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for InputAccess<A> {
    type Error = A::Error;
    type Variant = InputAccess<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (value, variant) = self.0.variant_seed(seed)?;
        Ok((value, InputAccess(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for InputAccess<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(InputSeed(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(length, InputVisitor { inner: visitor, is_integer: false })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.newtype_variant_seed(MapSeed(visitor))
    }
}

/// Deserializes a part with the rules.
struct InputSeed<S>(S);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for InputSeed<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(JsonInput(deserializer))
    }
}

/// Deserializes the object of a struct variant.
struct MapSeed<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for MapSeed<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        JsonInput(deserializer).deserialize_map(self.0)
    }
}

#[cfg(test)]
mod tests;
