// What a page that stands alone does with its players, beside ./player.js, which comes before it in the same script.
adopt(document);

const theme = document.querySelector(".theme");
theme.hidden = false;
theme.addEventListener("click", switchTheme);
