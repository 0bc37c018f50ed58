// Asks now and then whether it works again, and loads the page anew once it does: seldom, never all
// visitors at the same moment, not while nobody looks, and never for a form that was sent.

const place = document.querySelector("[data-asks-every]");
const LONGEST = 60000;

if (place) {
  place.textContent = place.dataset.text;
  let wait = Number(place.dataset.asksEvery) * 1000;

  const works = async () => {
    const how = { method: "HEAD", redirect: "manual", cache: "no-store" };
    const answer = await fetch(location.href, how).catch(() => null);
    return answer !== null && answer.status < 500;
  };

  const ask = async () => {
    if (!document.hidden && (await works())) {
      location.reload();
      return;
    }
    wait = Math.min(wait * 1.5, LONGEST);
    later();
  };

  const later = () => setTimeout(ask, wait * (1 + Math.random() / 2));
  later();
}
