//! The values of labels in generated code.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Ident};

use crate::arguments::{Arguments, Label};
use crate::names::{hidden, private, private_at};

/// The value of a label that is known before the call, as what it is made of.
pub(crate) fn label_value(arguments: &Arguments, value: &Expr) -> TokenStream {
    let private = private_at(arguments, value.span());
    quote_spanned!(value.span()=> #private::label(#private::Probe(&(#value)).__perfkit_label()))
}

/// What [`label_value`] needs around it.
pub(crate) fn label_trait(arguments: &Arguments) -> Option<TokenStream> {
    let private = private(arguments);
    arguments.labels_before().next()?;
    Some(quote! {
        #[allow(unused_imports)]
        use #private::ProbeLabel as _;
    })
}

/// The value of a label that the result tells.
pub(crate) fn told(arguments: &Arguments, label: &Label, value: &Ident) -> TokenStream {
    let closure = &label.value;
    let private = private_at(arguments, closure.span());
    let told = hidden("told");
    let asked = quote_spanned!(closure.span()=> #private::told(#value, #closure));
    // A path to a function, which clippy may propose, would be evaluated before the call.
    quote! {{
        #[allow(clippy::redundant_closure, clippy::redundant_closure_for_method_calls)]
        let #told = #asked;
        #told
    }}
}
