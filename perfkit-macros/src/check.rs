//! What cannot be measured, told at the token that says so.

use syn::{Error, Result, ReturnType, Type};

use crate::arguments::Arguments;
use crate::function::Function;

pub(crate) fn check(function: &Function, arguments: &Arguments) -> Result<()> {
    let signature = &function.signature;
    if let Some(constant) = &signature.constness {
        let message = "a `const fn` cannot be measured: it also runs in the compiler, where there is no clock";
        return Err(Error::new(constant.span, message));
    }
    let tracks_caller = function
        .attributes
        .iter()
        .find(|attribute| attribute.path().is_ident("track_caller"));
    if let Some(attribute) = tracks_caller
        && (arguments.ok.is_some() || returns_result(&signature.output))
        && signature.asyncness.is_none()
    {
        let message = "a `#[track_caller]` function whose returned value decides success cannot be measured: looking at the value would hide the caller";
        return Err(Error::new_spanned(attribute, message));
    }
    Ok(())
}

/// Whether the type's name ends in `Result`.
fn returns_result(output: &ReturnType) -> bool {
    let ReturnType::Type(_, returned) = output else {
        return false;
    };
    let Type::Path(path) = &**returned else {
        return false;
    };
    let last = path.path.segments.last();
    last.is_some_and(|segment| segment.ident.to_string().ends_with("Result"))
}
