//! What kind of error it is, in the program's own words.

use std::borrow::Cow;
use std::sync::Arc;

/// An error that says of what kind it is: failures are counted by it.
///
/// `#[measure]` asks the error of a returned `Result`, and counts the failure by the
/// error's type where it does not implement this. The kind should be one of few that
/// does not vary with the call; an empty one means the error's type. A generic function
/// must name the bound.
///
/// [`try_measure`](crate::try_measure()) takes errors of any type, and counts them by it.
/// Closures are counted by a kind with
/// [`Operation::measure_with`](crate::Operation::measure_with) and
/// [`Failure::new`](crate::Failure::new).
///
/// ```
/// use std::borrow::Cow;
/// use perfkit::{ErrorKind, measure};
///
/// enum PayError {
///     Declined,
///     Bank { status: u16 },
/// }
///
/// impl ErrorKind for PayError {
///     fn error_kind(&self) -> Cow<'static, str> {
///         match self {
///             Self::Declined => "declined".into(),
///             Self::Bank { status } => format!("bank_{status}").into(),
///         }
///     }
/// }
///
/// #[measure(name = "pay")]
/// fn pay(cents: u32) -> Result<(), PayError> {
///     if cents > 100 { Err(PayError::Declined) } else { Err(PayError::Bank { status: 503 }) }
/// }
///
/// let _ = (pay(500), pay(5));
/// let snapshot = perfkit::snapshot();
/// let errors = &snapshot.operation("pay").unwrap().errors;
/// assert_eq!((&*errors[0].kind, &*errors[1].kind), ("declined", "bank_503"));
/// ```
pub trait ErrorKind {
    /// The kind, such as the name of a variant or a code.
    fn error_kind(&self) -> Cow<'static, str>;
}

macro_rules! through_pointers {
    ($($pointer:ty)+) => {
        $(impl<E: ErrorKind + ?Sized> ErrorKind for $pointer {
            fn error_kind(&self) -> Cow<'static, str> {
                (**self).error_kind()
            }
        })+
    };
}

through_pointers!(&E Box<E> Arc<E>);
