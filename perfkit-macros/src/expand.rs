//! From the checked parts to the measured function.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{VisitMut, visit_type_mut};
use syn::{Ident, ReturnType, Type, parse_quote};

use crate::arguments::{Arguments, Throughput};
use crate::function::{Function, Returns};

pub(crate) fn expand(function: &Function, arguments: &Arguments) -> TokenStream {
    let Function {
        attributes,
        visibility,
        default,
        signature,
        inner_attributes,
        body_span,
        ..
    } = function;
    let body = if cfg!(feature = "record") {
        measured_body(function, arguments)
    } else {
        silent_body(function, arguments)
    };
    let block = quote_spanned!(*body_span=> { #(#inner_attributes)* #body });
    quote!(#(#attributes)* #visibility #default #signature #block)
}

fn measured_body(function: &Function, arguments: &Arguments) -> TokenStream {
    let Generator { site, enter } = Generator::new(function, arguments);
    let krate = &arguments.krate;
    let private = quote!(#krate::__private);
    let body = in_block(function);
    let outcome = outcome(arguments);
    let [call, value, future] = ["call", "value", "future"].map(hidden);
    let returned = erased_return(&function.signature.output);
    if function.signature.asyncness.is_some() {
        let pin_type = pin_return_type(&function.signature.output, &private);
        return quote! {
            #site
            let #future = async move { #pin_type #body };
            #enter.measure(#future, |#value| #outcome).await
        };
    }
    let tracks_caller = function
        .attributes
        .iter()
        .any(|attribute| attribute.path().is_ident("track_caller"));
    match function.returns() {
        Returns::Future => quote! {
            #site
            let #call = #enter;
            let #future = #private::call_once(move || #returned #body);
            #call.measure(#future, |#value| #outcome)
        },
        Returns::BoxedFuture => quote! {
            #site
            let #call = #enter;
            let #future = #private::call_once(move || #returned #body);
            ::std::boxed::Box::pin(#call.measure(#future, |#value| #outcome))
        },
        Returns::Value if !tracks_caller => {
            by_value(&site, &enter, &private, &body, &returned, &outcome)
        }
        Returns::Plain if arguments.ok.is_some() => {
            by_value(&site, &enter, &private, &body, &returned, &outcome)
        }
        // Nothing to look at: a guard leaves the body where it is.
        _ => {
            let guard = hidden("guard");
            quote! {
                #site
                let #guard = #enter.begin();
                #body
            }
        }
    }
}

/// Runs the body in a closure, so that `?` and `return` end there and the value
/// can be looked at.
fn by_value(
    site: &TokenStream,
    enter: &TokenStream,
    private: &TokenStream,
    body: &TokenStream,
    returned: &TokenStream,
    outcome: &TokenStream,
) -> TokenStream {
    let [call, value, owned] = ["call", "value", "owned"].map(hidden);
    quote! {
        #site
        let #call = #enter.begin();
        let #owned = #private::call_once(move || #returned #body);
        #call.finish(|| { let #value = &#owned; #outcome });
        #owned
    }
}

/// The function as it was. What the options mention still counts as used.
fn silent_body(function: &Function, arguments: &Arguments) -> TokenStream {
    let throughput = arguments
        .throughput
        .as_ref()
        .map(|throughput| match throughput {
            Throughput::Items(amount) | Throughput::Bytes(amount) => amount,
        });
    let mentioned = throughput.into_iter().chain(&arguments.monitor);
    let mentioned: Vec<_> = mentioned
        .map(|expression| quote!(let _ = &(#expression);))
        .collect();
    let body = &function.body;
    if mentioned.is_empty() {
        return body.clone();
    }
    quote!(let _ = || { #(#mentioned)* }; #body)
}

/// The static of the call site, and the expression that begins a call of it.
struct Generator {
    site: TokenStream,
    enter: TokenStream,
}

impl Generator {
    fn new(function: &Function, arguments: &Arguments) -> Self {
        let krate = &arguments.krate;
        let private = quote!(#krate::__private);
        let site_name = Ident::new("__PERFKIT_SITE", Span::mixed_site());
        let function_name = function.signature.ident.to_string();
        let function_name = function_name.trim_start_matches("r#");
        let is_typed = arguments.name.is_none() && function.has_self();
        let name = match &arguments.name {
            Some(name) => quote!(#name),
            None if is_typed => quote!(#function_name),
            None => {
                quote!(::std::concat!(::std::module_path!(), "::", #function_name))
            }
        };
        let enter = match (&arguments.monitor, is_typed) {
            (None, false) => quote!(#site_name.enter()),
            (None, true) => quote!(#site_name.enter_in::<Self>()),
            (Some(monitor), false) => {
                quote_spanned!(monitor.span()=> #site_name.enter_on(&#monitor))
            }
            (Some(monitor), true) => {
                quote_spanned!(monitor.span()=> #site_name.enter_on_in::<Self>(&#monitor))
            }
        };
        let memory = arguments.memory.then(|| quote!(.memory()));
        let cpu = arguments.cpu.then(|| quote!(.cpu()));
        let throughput = arguments
            .throughput
            .as_ref()
            .map(|throughput| match throughput {
                Throughput::Items(amount) => quote_spanned!(amount.span()=> .items(|| #amount)),
                Throughput::Bytes(amount) => quote_spanned!(amount.span()=> .bytes(|| #amount)),
            });
        Self {
            site: quote!(static #site_name: #private::Site = #private::Site::new(#name);),
            enter: quote!(#enter #memory #cpu #throughput),
        }
    }
}

/// The outcome of the value that `__perfkit_value` refers to.
fn outcome(arguments: &Arguments) -> TokenStream {
    let krate = &arguments.krate;
    let private = quote!(#krate::__private);
    let value = hidden("value");
    let probed = quote! {{
        #[allow(unused_imports)]
        use #private::{ProbeDebug as _, ProbeDisplay as _, ProbeResult as _, ProbeValue as _};
        (&&&&#private::Probe(#value)).outcome()
    }};
    match &arguments.ok {
        None => probed,
        Some(is_ok) => {
            quote_spanned!(is_ok.span()=> #private::decide(#value, #is_ok, || #probed))
        }
    }
}

/// The original body as a block of its own.
fn in_block(function: &Function) -> TokenStream {
    let body = &function.body;
    quote_spanned!(function.body_span=> { #body })
}

/// A statement that never runs and tells the compiler what an async block
/// returns, as the signature does for a function.
fn pin_return_type(output: &ReturnType, private: &TokenStream) -> TokenStream {
    let returned: Type = match output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, returned) => erased(returned),
    };
    if matches!(returned, Type::Never(_)) {
        return TokenStream::new();
    }
    quote!(if false { return #private::never::<#returned>(); })
}

/// The return type for a closure, which may not say `impl Trait`.
fn erased_return(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => TokenStream::new(),
        ReturnType::Type(arrow, returned) => {
            let returned = erased(returned);
            quote!(#arrow #returned)
        }
    }
}

/// The type with `_` in the place of every `impl Trait`.
fn erased(returned: &Type) -> Type {
    struct Erase;
    impl VisitMut for Erase {
        fn visit_type_mut(&mut self, node: &mut Type) {
            if let Type::ImplTrait(_) = node {
                *node = parse_quote!(_);
            } else {
                visit_type_mut(self, node);
            }
        }
    }
    let mut returned = returned.clone();
    Erase.visit_type_mut(&mut returned);
    returned
}

/// A name that the function's own code cannot see.
fn hidden(name: &str) -> Ident {
    Ident::new(&format!("__perfkit_{name}"), Span::mixed_site())
}
