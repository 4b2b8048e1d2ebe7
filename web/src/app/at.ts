// Which page is shown, for whoever looks at it from outside (tests): an address changes before its page is loaded.
import { useEffect } from "react";
import { useLocation } from "react-router";

export function useAt(): void {
  const { pathname } = useLocation();
  useEffect(() => {
    document.documentElement.dataset["at"] = pathname;
  }, [pathname]);
}
