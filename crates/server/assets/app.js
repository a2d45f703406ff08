// Live progress by server-sent events, and filters that apply as soon as one is chosen. Every page works without it.
"use strict";

for (const box of document.querySelectorAll("[data-live][data-running=true]")) {
  const events = new EventSource(box.dataset.live);
  events.addEventListener("progress", (event) => {
    box.innerHTML = event.data;
  });
  events.addEventListener("end", () => {
    events.close();
    location.reload();
  });
}

// On a narrow screen the menu is a strip: the page that is shown stands in sight there.
document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

const filters = document.querySelector("form.filters");
if (filters) {
  filters.querySelector("button").hidden = true;
  filters.addEventListener("change", () => filters.requestSubmit());
  const slider = filters.querySelector("input[type=range]");
  slider?.addEventListener("input", () => {
    const day = new Date(slider.valueAsNumber * 86_400_000).toISOString().slice(0, 10);
    filters.querySelector("output").value = day;
    slider.setAttribute("aria-valuetext", day);
  });
  // The newest day needs no word in the address: the page then follows the data.
  filters.addEventListener("formdata", (event) => {
    if (slider && slider.value === slider.max) event.formData.delete("at");
  });
}
