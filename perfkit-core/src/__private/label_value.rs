//! The value of a label as the text or the number that it mostly is, so that nothing has to be
//! written to find out which operation a call is of.

use std::borrow::Cow;
use std::fmt::{self, Debug, Display};
use std::rc::Rc;
use std::sync::Arc;

use super::Probe;

/// A label's value.
#[derive(Clone, Copy)]
pub enum LabelValue<'a> {
    Text(&'a str),
    Number(u64),
    /// What only its own code can write.
    Other(&'a dyn Display),
}

impl Display for LabelValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => Display::fmt(number, f),
            Self::Other(value) => value.fmt(f),
        }
    }
}

impl Debug for LabelValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// A type whose text or number can be had without writing it.
pub trait KnownLabel {
    fn label_value(&self) -> LabelValue<'_>;
}

impl KnownLabel for str {
    #[inline(always)]
    fn label_value(&self) -> LabelValue<'_> {
        LabelValue::Text(self)
    }
}

impl KnownLabel for bool {
    fn label_value(&self) -> LabelValue<'_> {
        LabelValue::Text(if *self { "true" } else { "false" })
    }
}

macro_rules! texts {
    ($($text:ty)+) => {
        $(impl KnownLabel for $text {
            #[inline(always)]
            fn label_value(&self) -> LabelValue<'_> {
                LabelValue::Text(self)
            }
        })+
    };
}

texts!(String Cow<'_, str> Box<str> Rc<str> Arc<str>);

macro_rules! numbers {
    ($($number:ty)+) => {
        $(impl KnownLabel for $number {
            #[inline(always)]
            fn label_value(&self) -> LabelValue<'_> {
                match u64::try_from(*self) {
                    Ok(number) => LabelValue::Number(number),
                    Err(_) => LabelValue::Other(self),
                }
            }
        })+
    };
}

numbers!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

impl<T: KnownLabel + ?Sized> KnownLabel for &T {
    #[inline(always)]
    fn label_value(&self) -> LabelValue<'_> {
        T::label_value(self)
    }
}

/// The compiler takes this where a type is known, and [`ProbeLabel`] for all others.
impl<'a, T: KnownLabel> Probe<'a, T> {
    #[inline(always)]
    pub fn __perfkit_label(&self) -> LabelValue<'a> {
        self.0.label_value()
    }
}

/// A value as it is; whether it can be shown is asked by [`label`].
pub trait ProbeLabel<'a, T> {
    fn __perfkit_label(&self) -> &'a T;
}

impl<'a, T> ProbeLabel<'a, T> for Probe<'a, T> {
    #[inline(always)]
    fn __perfkit_label(&self) -> &'a T {
        self.0
    }
}

/// What a label can be made of.
#[diagnostic::on_unimplemented(
    message = "the value of a label has no text",
    note = "`labels(key = …)` takes a value that implements `Display`"
)]
pub trait IntoLabel<'a> {
    fn into_label(self) -> LabelValue<'a>;
}

impl<'a> IntoLabel<'a> for LabelValue<'a> {
    #[inline(always)]
    fn into_label(self) -> Self {
        self
    }
}

impl<'a, T: Display> IntoLabel<'a> for &'a T {
    #[inline(always)]
    fn into_label(self) -> LabelValue<'a> {
        LabelValue::Other(self)
    }
}

/// A label's value, with the error at the expression if it cannot be shown.
#[inline(always)]
pub fn label<'a>(value: impl IntoLabel<'a>) -> LabelValue<'a> {
    value.into_label()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Odd;

    impl Display for Odd {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("odd")
        }
    }

    fn of_any<T: Display>(value: &T) -> bool {
        matches!(label(Probe(value).__perfkit_label()), LabelValue::Other(_))
    }

    #[test]
    fn texts_and_numbers_are_known_and_all_else_is_shown() {
        let owned = String::from("b");
        let twice = &&*owned;
        let values = [
            label(Probe(&"a").__perfkit_label()),
            label(Probe(&owned).__perfkit_label()),
            label(Probe(&twice).__perfkit_label()),
            label(Probe(&true).__perfkit_label()),
            label(Probe(&200_u16).__perfkit_label()),
            label(Probe(&7).__perfkit_label()),
        ];
        assert!(
            !values
                .iter()
                .any(|value| matches!(value, LabelValue::Other(_)))
        );
        assert_eq!(format!("{values:?}"), "[a, b, b, true, 200, 7]");
        for (other, text) in [
            (label(Probe(&Odd).__perfkit_label()), "odd"),
            (label(Probe(&-7).__perfkit_label()), "-7"),
            (label(Probe(&1.5).__perfkit_label()), "1.5"),
        ] {
            assert!(matches!(other, LabelValue::Other(_)));
            assert_eq!(other.to_string(), text);
        }
        // Where a type is not known, because the function is generic, it is shown too.
        assert!(of_any(&"a"));
    }
}
