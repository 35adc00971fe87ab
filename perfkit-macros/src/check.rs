//! What cannot be measured, told at the token that says so.

use syn::{Error, Result};

use crate::arguments::Arguments;
use crate::function::{Function, Returns};

pub(crate) fn check(function: &Function, arguments: &Arguments) -> Result<()> {
    let signature = &function.signature;
    if let Some(constant) = &signature.constness {
        let message = "a `const fn` cannot be measured: it also runs in the compiler, where there is no clock";
        return Err(Error::new(constant.span, message));
    }
    if let Some(sample) = &arguments.sample {
        let is_future =
            signature.asyncness.is_some() || matches!(function.returns(), Returns::Future(..));
        let reason = if is_future {
            "an async function"
        } else if !arguments.labels.is_empty() {
            "a function with `labels`"
        } else if arguments.monitor.is_some() {
            "a function with a `monitor` of its own"
        } else {
            ""
        };
        if !reason.is_empty() {
            let message = format!(
                "`sample` is for plain functions of a few nanoseconds, and {reason} takes longer: leave it out"
            );
            return Err(Error::new(sample.span(), message));
        }
    }
    if signature.asyncness.is_none()
        && matches!(function.returns(), Returns::Unnamed)
        && let Some(question) = arguments.asked_of_value()
    {
        let message = "the value of a function that returns `!` or an `impl Trait` which is no future is not looked at, so nothing can be asked of it";
        return Err(Error::new_spanned(question, message));
    }
    Ok(())
}
