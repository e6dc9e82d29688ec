// The book's page: a button that prints it.

customElements.define("calliope-book", class extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector(".print");
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
});
