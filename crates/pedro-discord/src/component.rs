//! Buttons and lists under a message.

use pedro_core::speech::{Button, Choice, Controls};
use twilight_model::channel::message::component::{
    ActionRow, Button as Pressable, ButtonStyle, Component, SelectMenu, SelectMenuOption, SelectMenuType,
};

/// Buttons in rows of five, the most that Discord puts side by side, and below them the list.
pub(crate) fn components(controls: &Controls) -> Vec<Component> {
    let row = |components: Vec<Component>| Component::ActionRow(ActionRow { components, id: None });
    let buttons = controls.buttons.chunks(5).map(|buttons| row(buttons.iter().map(button).collect()));
    buttons.chain(controls.choice.iter().map(|choice| row(vec![list(choice)]))).collect()
}

fn button(button: &Button) -> Component {
    Component::Button(Pressable {
        custom_id: Some(button.id.clone()),
        disabled: false,
        emoji: None,
        id: None,
        label: Some(button.label.clone()),
        sku_id: None,
        style: ButtonStyle::Secondary,
        url: None,
    })
}

fn list(choice: &Choice) -> Component {
    let option = |(value, label): &(String, String)| SelectMenuOption {
        default: false,
        description: None,
        emoji: None,
        label: label.clone(),
        value: value.clone(),
    };
    Component::SelectMenu(SelectMenu {
        channel_types: None,
        custom_id: choice.id.clone(),
        default_values: None,
        disabled: false,
        id: None,
        kind: SelectMenuType::Text,
        max_values: None,
        min_values: None,
        options: Some(choice.options.iter().map(option).collect()),
        placeholder: Some(choice.placeholder.clone()),
        required: None,
    })
}
