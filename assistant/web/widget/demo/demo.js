// The questions on the page open the chat with their text in the box.
for (const button of document.querySelectorAll('.ask button')) {
  button.addEventListener('click', () => window.deskhand?.open(button.textContent));
}
